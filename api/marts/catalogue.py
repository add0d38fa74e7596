"""The catalogue of marts: what each one means, where it comes from, how its last audits ended."""

from __future__ import annotations

from dataclasses import dataclass

from api.manifest import ColumnEntry, MartEntry
from api.marts.access import count_rows, readable_marts
from api.respond import Listing
from api.scope import Scope
from api.snapshots import Snapshot


@dataclass(frozen=True, slots=True)
class Audit:
    """The result of one audit; `rows` broke it (null where they are not the caller's to count)."""

    name: str
    passed: bool
    rows: int | None


@dataclass(frozen=True, slots=True)
class Column:
    """One column: DuckDB type, meaning, and the columns it is made of."""

    name: str
    type: str
    description: str
    lineage: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Mart:
    """One mart. `rows` counts those the caller may read; null when the mart is not for the caller."""

    name: str
    description: str
    grain: tuple[str, ...]
    columns: list[Column]
    rows: int | None
    upstream: tuple[str, ...]
    audits: list[Audit]
    is_readable: bool
    is_compliance: bool


def catalogue(snapshot: Snapshot, scope: Scope) -> Listing:
    """Every mart by name, on one page."""
    mine = readable_marts(snapshot.manifest, scope)
    rows = {name: count_rows(snapshot, mart) for name, mart in mine.items()}
    entries = sorted(snapshot.manifest.marts.items())
    marts = [_mart(name, entry, rows.get(name), name in mine, scope) for name, entry in entries]
    return Listing(marts, limit=len(marts), total=len(marts), offset=0)


def _mart(name: str, entry: MartEntry, rows: int | None, is_readable: bool, scope: Scope) -> Mart:
    return Mart(
        name=name,
        description=entry.description,
        grain=entry.grain,
        columns=[_column(column, entry) for column in entry.columns],
        rows=rows,
        upstream=entry.upstream,
        audits=[
            Audit(audit.name, audit.passed, audit.rows if scope.platform else None) for audit in entry.audits
        ],
        is_readable=is_readable,
        is_compliance=entry.is_compliance,
    )


def _column(column: ColumnEntry, entry: MartEntry) -> Column:
    return Column(column.name, column.type, column.description, entry.column_lineage.get(column.name, ()))
