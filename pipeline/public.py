"""Aggregates that a school may publish: nothing in them is about fewer than k people, nor is any difference.

Withheld is: a group of fewer than k; one that leaves fewer than k of the group published beside it; a class
that differs from a published one by fewer than k members; the class that would leave fewer than k learners of
the school over; a week whose number differs from that of the last published week by fewer than k.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date
from pathlib import Path
from typing import Any, cast
from uuid import UUID

from api.opening import open_snapshot
from api.queries.overview import overview
from api.schemas.analytics import Overview
from api.scope import Caller, Scope
from api.suppression import REASON, Guarded, is_small
from api.tokens import Role
from pipeline.errors import UsageError
from pipeline.settings import Settings
from pipeline.snapshots import current_folder

_DIFFERENCE = REASON + ", here or as a difference of what is published"
_LEARNERS = "SELECT user_key FROM dim_user WHERE is_learner AND is_active AND school_key = ?"

_CLASSES = """
SELECT
    dim_class.name, dim_course.title, list(enrollment.user_key), count(mastery.mastery), avg(mastery.mastery)
FROM dim_class
JOIN fct_enrollment AS enrollment ON enrollment.class_key = dim_class.class_key AND enrollment.is_enrolled
JOIN dim_user ON dim_user.user_key = enrollment.user_key AND dim_user.is_learner
LEFT JOIN dim_course ON dim_course.course_key = dim_class.course_key
LEFT JOIN learner_course_mastery AS mastery
    ON mastery.user_key = enrollment.user_key AND mastery.course_key = dim_class.course_key
WHERE dim_class.school_key = ?
GROUP BY dim_class.class_key, dim_class.name, dim_course.title
ORDER BY count(*) DESC, dim_class.name, dim_class.class_key
"""

_WEEKS = """
SELECT
    date_trunc('week', activity_date)::DATE AS week_start_date,
    count(DISTINCT days.user_key) AS active_learners,
    sum(days.event_count)::BIGINT AS activities
FROM fct_user_day AS days
JOIN dim_user ON dim_user.user_key = days.user_key AND dim_user.is_learner AND dim_user.is_active
WHERE days.school_key = ?
GROUP BY ALL
ORDER BY week_start_date
"""


@dataclass(frozen=True)
class PublicClass:
    """A class: learners enrolled, and their mean course mastery (0..100). None is withheld."""

    name: str
    course: str | None
    learners: int | None
    average_mastery: float | None
    withheld: str | None


@dataclass(frozen=True)
class PublicWeek:
    """A week: learners with an event in it, and events. None is withheld."""

    week_start_date: date
    active_learners: int | None
    activities: int | None
    withheld: str | None


@dataclass(frozen=True)
class ClassGroup:
    """A class before it is decided what of it may be shown."""

    name: str
    course: str | None
    members: frozenset[int]
    assessed: int
    average: float | None


@dataclass(frozen=True)
class _Export:
    about: dict[str, Any]
    overview: Overview | Guarded
    classes: list[PublicClass]
    weeks: list[PublicWeek]


def export_public(settings: Settings, school: str, folder: Path) -> dict[str, int]:
    """Write overview.json, classes.csv, weeks.csv and about.json into a new folder; returns what is withheld.

    `school` is its code. Raises UsageError for an unknown one, NoSnapshotError, FileExistsError.
    """
    export = _read(settings, school)
    guarded = export.overview if isinstance(export.overview, Guarded) else Guarded(export.overview, (), "")
    folder.mkdir(parents=True)
    figures = {"figures": asdict(cast(Overview, guarded.data)), "withheld": guarded.withheld}
    _write_json(folder / "overview.json", figures)
    _write_json(folder / "about.json", export.about)
    _write_csv(folder / "classes.csv", PublicClass, export.classes)
    _write_csv(folder / "weeks.csv", PublicWeek, export.weeks)
    return {
        "overview": len(guarded.withheld),
        "classes": sum(one.withheld is not None for one in export.classes),
        "weeks": sum(one.withheld is not None for one in export.weeks),
    }


def public_classes(groups: Sequence[ClassGroup], learners: frozenset[int], k: int) -> list[PublicClass]:
    """The classes, largest first; `learners` are the school's, whose number is published as well."""
    shown: list[ClassGroup] = []
    for group in groups:
        if len(group.members) >= k and not any(_differs_by_few(group, other, k) for other in shown):
            shown.append(group)
    while shown and is_small(len(learners - _union(shown)), k):
        shown.pop()
    return [_public_class(group, group in shown, k) for group in groups]


def public_weeks(weeks: Sequence[tuple[date, int, int]], learners: int, k: int) -> list[PublicWeek]:
    """Each week with its number of active learners and of activities, oldest first."""
    last: int | None = None
    shown = []
    for start, active, activities in weeks:
        is_hidden = is_small(active, k, learners) or (last is not None and is_small(abs(active - last), k))
        if is_hidden:
            shown.append(PublicWeek(start, None, None, _DIFFERENCE.format(k=k)))
        else:
            last = active
            shown.append(PublicWeek(start, active, activities, None))
    return shown


def _read(settings: Settings, school: str) -> _Export:
    k = settings.small_group
    snapshot = open_snapshot(current_folder(settings.snapshots_dir), settings)
    try:
        row = snapshot.one("SELECT school_key, name FROM dim_school WHERE code = ?", [school])
        if row is None:
            raise UsageError(f"There is no school {school!r} in the current snapshot.")
        key = int(row[0])
        learners = frozenset(one[0] for one in snapshot.query(_LEARNERS, [key]))
        groups = [_group(*one) for one in snapshot.query(_CLASSES, [key])]
        weeks = [(one[0], int(one[1]), int(one[2])) for one in snapshot.query(_WEEKS, [key])]
        about = {"school": row[1], "snapshot_id": snapshot.id, "as_of": snapshot.as_of.isoformat(), "k": k}
        return _Export(
            about | {"withheld_means": _DIFFERENCE.format(k=k)},
            overview(snapshot, _as_student(key), k),
            public_classes(groups, learners, k),
            public_weeks(weeks, len(learners), k),
        )
    finally:
        snapshot.release()


def _group(
    name: str, course: str | None, members: list[int], assessed: int, average: float | None
) -> ClassGroup:
    return ClassGroup(name, course, frozenset(members), assessed, average)


def _as_student(school_key: int) -> Scope:
    """What a student of the school sees of its overview is what everybody may."""
    return Scope(Caller(UUID(int=0), Role.STUDENT), platform=False, school_key=school_key, user_key=None)


def _differs_by_few(one: ClassGroup, other: ClassGroup, k: int) -> bool:
    """Whether taking one published class from another leaves the figure of a small group."""
    if one.members.isdisjoint(other.members):
        return False
    return is_small(len(one.members - other.members), k) or is_small(len(other.members - one.members), k)


def _union(groups: Iterable[ClassGroup]) -> frozenset[int]:
    return frozenset().union(*(group.members for group in groups))


def _public_class(group: ClassGroup, is_shown: bool, k: int) -> PublicClass:
    reason = _DIFFERENCE.format(k=k)
    if not is_shown:
        return PublicClass(group.name, group.course, None, None, reason)
    if is_small(group.assessed, k, len(group.members)):
        return PublicClass(group.name, group.course, len(group.members), None, reason)
    return PublicClass(group.name, group.course, len(group.members), group.average, None)


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n")


def _write_csv(path: Path, kind: type, rows: Sequence[Any]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, [field.name for field in fields(kind)])
        writer.writeheader()
        writer.writerows(asdict(row) for row in rows)
