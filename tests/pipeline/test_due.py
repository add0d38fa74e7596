"""When a night is due, above all on the two nights a year that have 23 or 25 hours; and when one is owed."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as some

from api.runs import RunError, RunRecord, RunState
from pipeline.due import Timetable, owed, read_timetable
from pipeline.errors import UsageError

COPENHAGEN = read_timetable("02:00", "Europe/Copenhagen")
NOON = datetime(2026, 6, 10, 12, 0, tzinfo=UTC)
DUE = datetime(2026, 6, 10, 0, 0, tzinfo=UTC)


def dues(timetable: Timetable, start: datetime, end: datetime) -> list[datetime]:
    """Every due moment in a span, as a process that lives through it meets them."""
    met, now = [], start
    while (now := timetable.next(now)) < end:
        met.append(now)
    return met


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]


def test_a_time_that_does_not_exist_is_due_once_after_the_jump() -> None:
    """Guards against a night left out in March: 02:00 is followed by 03:00 at 01:00 UTC."""
    met = dues(COPENHAGEN, utc(2026, 3, 28, 12), utc(2026, 3, 30, 12))

    assert met == [utc(2026, 3, 29, 1), utc(2026, 3, 30, 0)]
    assert read_timetable("02:30", "Europe/Copenhagen").due_on(date(2026, 3, 29)) == utc(2026, 3, 29, 1, 30)


def test_a_time_that_comes_twice_is_due_at_its_first() -> None:
    """Guards against two nights in October: 02:00 is at 00:00 UTC and again at 01:00 UTC."""
    met = dues(COPENHAGEN, utc(2026, 10, 24, 12), utc(2026, 10, 26, 12))

    assert met == [utc(2026, 10, 25, 0), utc(2026, 10, 26, 1)]


@pytest.mark.parametrize("minute", [30, 59])
def test_between_both_hours_the_night_lies_behind(minute: int) -> None:
    """Guards against a process started in the second 02:xx that runs the night again, or waits for it."""
    second = utc(2026, 10, 25, 1, minute)

    assert (COPENHAGEN.last(second), COPENHAGEN.next(second)) == (utc(2026, 10, 25, 0), utc(2026, 10, 26, 1))


def test_a_date_that_was_left_out_has_no_night_of_its_own() -> None:
    """Guards against two nights at one moment: Samoa went from the 29th to the 31st of December 2011."""
    met = dues(read_timetable("02:00", "Pacific/Apia"), utc(2011, 12, 29, 0), utc(2012, 1, 1, 0))

    assert met == [utc(2011, 12, 29, 12), utc(2011, 12, 30, 12), utc(2011, 12, 31, 12)]


@given(
    at=some.times().map(lambda one: one.replace(microsecond=0, fold=0)),
    zone=some.sampled_from(["UTC", "Europe/Copenhagen", "America/Sao_Paulo", "Australia/Lord_Howe"]),
    now=some.integers(0, 15 * 365 * 86400).map(lambda seconds: utc(2015, 1, 1) + timedelta(seconds=seconds)),
)
def test_every_date_has_one_night(at: time, zone: str, now: datetime) -> None:
    """Guards against a zone, a time or a moment at which a night is lost, doubled, or never comes."""
    timetable = Timetable(at, ZoneInfo(zone))
    last, coming = timetable.last(now), timetable.next(now)

    assert last <= now < coming
    assert timetable.last(coming) == coming
    assert timetable.next(last) == coming
    assert timedelta(hours=22) <= coming - last <= timedelta(hours=26)


@pytest.mark.parametrize("at", ["25:00", "02:60", "0200", "2", "", "02:00Z", "two", "02:00:00.5"])
def test_a_wrong_time_is_refused(at: str) -> None:
    """Guards against a typing error that moves the night to another hour."""
    with pytest.raises(UsageError, match="--at"):
        read_timetable(at, "UTC")


@pytest.mark.parametrize(
    ("zone", "hint"),
    [("Europe/Copenhague", "Europe/Copenhagen"), ("CEST+2", ""), ("../etc/passwd", ""), ("", "")],
)
def test_a_wrong_zone_is_refused(zone: str, hint: str) -> None:
    """Guards against a night in UTC because nobody knew the zone."""
    with pytest.raises(UsageError, match="--timezone") as refused:
        read_timetable("02:00", zone)
    assert hint in refused.value.hint


def run_of(command: str, started_at: datetime, state: RunState, code: str | None = None) -> RunRecord:
    error = RunError(step="ingest", code=code, message="") if code else None
    return RunRecord(run_id="one", command=command, pid=1, started_at=started_at, state=state, error=error)


def later(minutes: float) -> datetime:
    return DUE + timedelta(minutes=minutes)


PUBLISHED = run_of("nightly", later(0), RunState.PUBLISHED)
RUNNING = run_of("nightly", later(1), RunState.RUNNING)


def failed(code: str) -> RunRecord:
    return run_of("nightly", later(1), RunState.FAILED, code)


@pytest.mark.parametrize(
    ("runs", "is_owed"),
    [
        pytest.param([], True, id="nothing was ever run"),
        pytest.param([run_of("nightly", later(-0.1), RunState.PUBLISHED)], True, id="yesterday's"),
        pytest.param([PUBLISHED], False, id="published"),
        pytest.param([run_of("erase", later(300), RunState.PUBLISHED)], False, id="by hand, whole"),
        pytest.param([run_of("ingest", later(300), RunState.FINISHED)], True, id="one step alone"),
        pytest.param([failed("audit_failed")], False, id="judged the data"),
        pytest.param([failed("truncation_refused")], False, id="waits for a person"),
        pytest.param([failed("killed")], True, id="killed"),
        pytest.param([failed("source_failed")], True, id="no network yet after waking"),
        pytest.param([RUNNING], True, id="says running, which a dead one does too"),
        pytest.param([failed("killed"), RUNNING, PUBLISHED], False, id="published in the end"),
        pytest.param([failed("killed")] * 3, False, id="killed three times"),
    ],
)
def test_what_is_owed(runs: list[RunRecord], is_owed: bool) -> None:
    """Guards against a missed night that stays missed, and against one that is run for ever."""
    assert owed(COPENHAGEN, NOON, runs) == (DUE if is_owed else None)
