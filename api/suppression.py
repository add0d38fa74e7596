"""Small groups stay hidden from whoever may not see the persons: students, and readers of public exports.

A figure is withheld (null, and named in `meta.withheld`) when it is about fewer than k people, or when the
rest of a group that is published beside it is: 20 enrolled and 19 active say that exactly one is not. Nobody
and everybody are no small groups. Administrators and teachers may see the persons, hence exact figures.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from api.schemas.analytics import Assignments, Overview, RealtimeFigures

T = TypeVar("T", Overview, Assignments, RealtimeFigures)

REASON = "fewer than {k} people, or all but fewer than {k}"


@dataclass(frozen=True, slots=True)
class Guarded:
    """An answer with figures left out: `withheld` names them, `reason` says why."""

    data: object
    withheld: tuple[str, ...]
    reason: str


def is_small(part: int, k: int, whole: int | None = None) -> bool:
    """Whether a group of `part` people, or the others of `whole`, is between 1 and k - 1."""
    return 0 < part < k or (whole is not None and 0 < whole - part < k)


def guard_overview(overview: Overview, sizes: Mapping[str, int], k: int) -> Overview | Guarded:
    """The overview without figures about small groups; `sizes` is the row of compliance_group_sizes."""
    total, active = overview.students_total or 0, overview.students_active or 0
    hidden = {
        "students_total": is_small(total, k),
        "students_active": is_small(total, k) or is_small(active, k, total),
        "average_completion": is_small(sizes["progress_users"], k),
        "average_quiz_score": is_small(sizes["completing_users"], k),
        "attendance_rate": any(
            is_small(sizes[group], k) for group in ("enrolled_users", "attending_users", "absent_users")
        ),
    }
    hidden["engagement_rate"] = hidden["students_active"]
    is_few = is_small(sizes["attempt_users"], k)
    attempts = {
        "attempts_total": is_few,
        "attempts_completed": is_few
        or is_small(sizes["completing_users"], k)
        or is_small(sizes["incomplete_users"], k),
    }
    shown = _without(overview, hidden)
    shown = replace(shown, assignments=_without(overview.assignments, attempts))
    names = [*_named(hidden), *(f"assignments.{name}" for name in _named(attempts))]
    return _guarded(shown, names, k)


def guard_realtime(figures: RealtimeFigures, accounts: int, k: int) -> RealtimeFigures | Guarded:
    """The real-time figures, of which nothing about people is shown while few of them are active.

    `accounts` is the number of people of the school. Who is active now was active today, so that today's
    figures are about no fewer people; with nobody active, nothing is known of how many they were.
    """
    active = figures.active_users or 0
    if active >= k and not is_small(active, k, accounts):
        return figures
    hidden = {"active_users": active > 0, "activities_today": bool(figures.activities_today)}
    shown = replace(_without(figures, hidden), recent_activities=[])
    names = _named(hidden) + (["recent_activities"] if figures.recent_activities else [])
    return _guarded(shown, names, k)


def _without(shown: T, hidden: Mapping[str, bool]) -> T:
    nothing: dict[str, Any] = dict.fromkeys(_named(hidden))
    return replace(shown, **nothing)


def _named(hidden: Mapping[str, bool]) -> list[str]:
    return sorted(name for name, is_hidden in hidden.items() if is_hidden)


def _guarded(shown: T, names: list[str], k: int) -> T | Guarded:
    return Guarded(shown, tuple(names), REASON.format(k=k)) if names else shown
