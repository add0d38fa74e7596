"""Classes by id."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from api.errors import NotFound
from api.queries.rows import in_school
from api.scope import Scope
from api.snapshots import Snapshot


@dataclass(frozen=True)
class SchoolClass:
    """A class; `course_key` is None when it teaches no course."""

    class_key: int
    course_key: int | None


def find_class(snapshot: Snapshot, scope: Scope, class_id: UUID) -> SchoolClass:
    """The class with this id. Raises NotFound for an unknown one or another school's."""
    school, params = in_school(scope)
    row = snapshot.one(
        f"SELECT class_key, course_key FROM dim_class WHERE class_id = $class_id AND {school}",  # noqa: S608
        {"class_id": str(class_id), **params},
    )
    if row is None:
        raise NotFound("There is no such class for this caller.")
    return SchoolClass(*row)
