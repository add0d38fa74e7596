"""Which marts a caller may read, and which of their rows: the one declaration of scope per mart.

A mart with a school column is filtered by it. The few others are declared here; one that is not can hold
rows of several schools, so only callers of the whole platform read it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from api.errors import Forbidden, NotFound
from api.manifest import Manifest, MartEntry
from api.scope import Scope
from api.snapshots import Snapshot
from api.tokens import Role

# Content and calendar are the same for every school; the processing register describes, it counts nothing.
SHARED = frozenset({"dim_course", "dim_lesson", "dim_quiz", "dim_date", "processing_register"})
_BY_SCOPE_COLUMN = (
    "(scope = 'school' AND scope_key = $own_school"
    " OR scope = 'class' AND scope_key IN"
    " (SELECT class_key FROM marts.dim_class WHERE school_key = $own_school))"
)
OF_SCHOOL = {
    "leaderboard": _BY_SCOPE_COLUMN,
    "school_window": "scope = 'school' AND scope_key = $own_school",
    "engagement_return": "scope = 'school' AND scope_key = $own_school",
}


@dataclass(frozen=True)
class Readable:
    """A mart that a caller may read, and the condition on the rows that exist for that caller."""

    name: str
    entry: MartEntry
    condition: str
    params: Mapping[str, Any]

    @property
    def types(self) -> Mapping[str, str]:
        """DuckDB type by column, in the mart's order."""
        return {column.name: column.type for column in self.entry.columns}

    @property
    def is_whole(self) -> bool:
        """Whether every row exists for the caller."""
        return self.condition == "TRUE"


def readable(manifest: Manifest, name: str, scope: Scope) -> Readable:
    """The mart for a caller. Raises NotFound for an unknown one, Forbidden for one not for the caller."""
    entry = manifest.marts.get(name)
    if entry is None:
        raise NotFound("There is no mart of this name.")
    if entry.is_compliance and scope.role not in (Role.ADMIN, Role.ANALYST):
        raise Forbidden("Marts about compliance are for admins and analysts.")
    if scope.platform or name in SHARED:
        return Readable(name, entry, "TRUE", {})
    condition = _condition(name, entry)
    if condition is None:
        raise Forbidden("This mart holds rows of the whole platform.")
    return Readable(name, entry, condition, {"own_school": scope.school_key})


def readable_marts(manifest: Manifest, scope: Scope) -> dict[str, Readable]:
    """All marts that a caller may read, by name."""
    found = {}
    for name in manifest.marts:
        try:
            found[name] = readable(manifest, name, scope)
        except Forbidden:
            continue
    return found


def count_rows(snapshot: Snapshot, mart: Readable) -> int:
    """Rows of the mart that exist for the caller, counted once a snapshot and school."""
    if mart.is_whole:
        return mart.entry.rows
    # The name is one of the manifest's, the condition our own, its value bound.
    sql = f'SELECT count(*) FROM "{mart.name}" WHERE {mart.condition}'  # noqa: S608
    key = ("mart_rows", mart.name, *mart.params.values())
    return snapshot.remember(key, lambda: int(snapshot.query(sql, mart.params)[0][0]))


def _condition(name: str, entry: MartEntry) -> str | None:
    if entry.scope.school_column is not None:
        return f'"{entry.scope.school_column}" = $own_school'
    return OF_SCHOOL.get(name)
