"""What a reader has to act on, worst first: the first thing that a report says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from api.runs import RunRecord
from pipeline.report.figures import Figures
from pipeline.report.formats import counted, long_day, moment
from pipeline.report.quality import Quality

Tone = Literal["bad", "warn"]
Names = tuple[str, str]
_OVERDUE = ("request open or answered after its deadline", "requests open or answered after their deadline")
_NOTIFIED_LATE = ("incident notified late", "incidents notified late")
_UNPROVEN = ("completed erasure not proven", "completed erasures not proven")
_DUE = ("request due within 7 days", "requests due within 7 days")
_CHILDREN = ("child without parental consent", "children without parental consent")
_KEPT = ("row kept beyond its retention limit", "rows kept beyond their retention limit")


@dataclass(frozen=True)
class Item:
    """One sentence; `bad` is overdue, broken or old, `warn` is about to be."""

    tone: Tone
    text: str


def needs_attention(figures: Figures, quality: Quality) -> list[Item]:
    """Everything in these figures that asks for a hand, what is bad before what only warns."""
    found = (*_about_data(figures, quality), *_about_compliance(figures))
    return sorted(found, key=lambda item: item.tone != "bad")


def _about_data(figures: Figures, quality: Quality) -> Iterator[Item]:
    if quality.is_stale:
        until = moment(quality.good_until, figures.subject.zone)
        yield Item("bad", f"These figures are old: they were good until {until}.")
    if quality.failed:
        yield Item("bad", _failed(quality.failed))
    if quality.broken:
        yield Item("bad", f"{counted(len(quality.broken), 'audit')} did not pass.")
    if _is_silent(figures):
        yield Item("warn", "Nobody was active, unlike on the same weekday of the week before.")
    if figures.unfinished_schools:
        schools = counted(figures.unfinished_schools, "school")
        yield Item("warn", f"{long_day(figures.day)} was not over yet at {schools} west of UTC.")
    if quality.missing_at_source:
        yield Item("warn", f"Missing at the source: {', '.join(quality.missing_at_source)}.")
    if quality.unknown_zones and figures.subject.scope.platform:
        schools = counted(quality.unknown_zones, "school has", "schools have")
        yield Item("warn", f"{schools} an unknown time zone: dates there are those of UTC.")


def _about_compliance(figures: Figures) -> Iterator[Item]:
    status = figures.compliance
    overdue = sum(table.rows_overdue for table in status.retention)
    counts: tuple[tuple[Tone, int, Names], ...] = (
        ("bad", status.requests.overdue, _OVERDUE),
        ("bad", status.incidents.notified_late, _NOTIFIED_LATE),
        ("bad", status.erasures.unproven, _UNPROVEN),
        ("warn", status.requests.due_within_7_days, _DUE),
        ("warn", status.minors.without_parental_consent, _CHILDREN),
        ("warn", overdue, _KEPT),
    )
    for tone, count, names in counts:
        if count:
            yield Item(tone, f"{counted(count, *names)}.")


def _failed(runs: tuple[RunRecord, ...]) -> str:
    """Which step of the last one, and why in a word: messages may name what is no business of a page."""
    error = runs[0].error
    why = f", the last at {error.step} ({error.code})" if error else ""
    return f"{counted(len(runs), 'run')} failed since this snapshot was built{why}."


def _is_silent(figures: Figures) -> bool:
    yesterday = figures.yesterday
    return not yesterday.figures.activities and bool(yesterday.figures_before.activities)
