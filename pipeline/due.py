"""When a night is due, and whether one is still owed: rules over a clock and a history that are given."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from difflib import get_close_matches
from zoneinfo import ZoneInfo

from api.places import known_zone, zones
from api.runs import RunRecord, RunState
from pipeline.errors import UsageError

# Commands that run a whole night.
NIGHTS = frozenset({"nightly", "erase", "demo"})
# Whoever fails so has not judged the data: the same night may well succeed a little later.
CUT_SHORT = frozenset({"killed", "interrupted", "unexpected", "source_failed"})
ATTEMPTS = 3
_NEARBY = range(-2, 3)


@dataclass(frozen=True)
class Timetable:
    """One night per local date, at a time of the wall clock of a zone.

    Where the clocks jump over that time, the night is due as if they had not (02:00 becomes 03:00); where the
    time comes twice, at the first.
    """

    at: time
    zone: ZoneInfo

    def due_on(self, day: date) -> datetime:
        """The moment in UTC at which the night of a local date is due."""
        return datetime.combine(day, self.at, self.zone).astimezone(UTC)

    def last(self, now: datetime) -> datetime:
        """The newest due moment that is not after `now`, in UTC."""
        return max(due for due in self._around(now) if due <= now)

    def next(self, now: datetime) -> datetime:
        """The first due moment after `now`, in UTC."""
        return min(due for due in self._around(now) if due > now)

    def _around(self, now: datetime) -> list[datetime]:
        """More than yesterday and tomorrow: islands at the date line have left out whole dates."""
        today = now.astimezone(self.zone).date()
        return [self.due_on(today + timedelta(days=distance)) for distance in _NEARBY]


def read_timetable(at: str, zone: str) -> Timetable:
    """The timetable of `HH:MM` or `HH:MM:SS` and an IANA zone. Raises UsageError that says what is wrong."""
    return Timetable(_time_of_day(at), _zone(zone))


def owed(timetable: Timetable, now: datetime, runs: Iterable[RunRecord]) -> datetime | None:
    """The last due moment when its night is still to run, else None.

    A night that began after it settles it, published or failed, whoever started it; one that was cut short
    does not, unless it was the third. One that says `running` is not trusted: the run lock knows better.
    """
    due = timetable.last(now)
    tried = [run for run in runs if run.command in NIGHTS and run.started_at >= due]
    is_settled = len(tried) >= ATTEMPTS or not all(_was_cut_short(run) for run in tried)
    return None if is_settled else due


def _was_cut_short(run: RunRecord) -> bool:
    return run.state is RunState.RUNNING or (run.error is not None and run.error.code in CUT_SHORT)


def _time_of_day(text: str) -> time:
    for form in ("%H:%M", "%H:%M:%S"):
        try:
            return datetime.strptime(text, form).time()  # noqa: DTZ007
        except ValueError:
            continue
    raise UsageError(f"--at: {text!r} is no time of day.", hint="Write it as 02:00, from 00:00 to 23:59.")


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(known_zone(name))
    except ValueError:
        similar = get_close_matches(name, zones(), n=1) or ["Europe/Copenhagen"]
        raise UsageError(
            f"--timezone: {name!r} is not an IANA time zone.", hint=f"Did you mean {similar[0]}?"
        ) from None
