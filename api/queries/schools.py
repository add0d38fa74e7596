"""What the snapshot knows of schools: their figures, and their rows for when the registry is away."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from api.queries.rows import in_school, in_utc
from api.respond import Listing
from api.schemas.schools import School, SchoolStats
from api.scope import Scope
from api.snapshots import Snapshot

_SCHOOLS = """
SELECT school_id AS id, code, name, country, timezone, is_active, created_at
FROM dim_school
WHERE school_id IS NOT NULL
"""

_MATCHES = (
    "($search IS NULL OR contains(lower(code), lower($search)) OR contains(lower(name), lower($search)))"
)

_STATS = """
SELECT
    school_overview.students_total AS students,
    school_overview.teachers_total AS teachers,
    school_overview.classes_active,
    school_overview.active_users_7d,
    school_overview.average_completion,
    school_overview.xp_30d
FROM school_overview
JOIN dim_school ON dim_school.school_key = school_overview.school_key
WHERE dim_school.school_id = $school_id
"""


def school_stats(snapshot: Snapshot, _: Scope, school_id: UUID) -> SchoolStats | None:
    """Figures of a school that the caller sees; None before the first build that holds it."""
    rows = snapshot.records(_STATS, {"school_id": str(school_id)})
    return SchoolStats(**rows[0]) if rows else None


def known_schools(snapshot: Snapshot, scope: Scope, search: str | None, limit: int, offset: int) -> Listing:
    """One page of the schools in scope as of the snapshot, by name."""
    school, params = in_school(scope)
    condition = f"{_SCHOOLS} AND {school} AND {_MATCHES}"
    values: dict[str, Any] = {**params, "search": search}
    total = snapshot.query(f"SELECT count(*) FROM ({condition})", values)  # noqa: S608
    page = f"{condition} ORDER BY name, code LIMIT $limit OFFSET $offset"
    rows = snapshot.records(page, {**values, "limit": limit, "offset": offset})
    return Listing([_school(row) for row in rows], limit=limit, total=total[0][0], offset=offset)


def known_school(snapshot: Snapshot, _: Scope, school_id: UUID) -> School | None:
    """A school that the caller sees, as of the snapshot."""
    rows = snapshot.records(f"{_SCHOOLS} AND school_id = $school_id", {"school_id": str(school_id)})
    return _school(rows[0]) if rows else None


def _school(row: dict[str, Any]) -> School:
    return School(**{**row, "created_at": in_utc(row["created_at"])})
