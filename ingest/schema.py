"""Does the source fit the specs? Decided from its catalogue before anything is read or written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ingest.catalog import SourceColumn, SourceTable
from ingest.columns import Column, Kind, TableSpec
from ingest.errors import SchemaError

_WHOLE = ("smallint", "integer", "bigint")
# Types whose every value that fits is kept exactly. Overflow of a wider one is found while reading.
ACCEPTED: dict[Kind, tuple[str, ...]] = {
    Kind.UUID: ("uuid",),
    Kind.TEXT: ("text", "character varying", "character", "citext", "name", "enum"),
    Kind.INTEGER: _WHOLE,
    Kind.BIGINT: _WHOLE,
    Kind.PERCENT: (*_WHOLE, "numeric"),
    Kind.BOOLEAN: ("boolean",),
    Kind.DATE: ("date",),
    Kind.TIMESTAMP: ("timestamp with time zone",),
}
WANTED = {Kind.TEXT: "text or an enum", Kind.PERCENT: "numeric(5,2)", Kind.TIMESTAMP: "timestamptz"}
_NUMERIC = re.compile(r"numeric\(\d+,(?P<scale>-?\d+)\)")


@dataclass(frozen=True)
class TableFit:
    """A spec and what the source has of it; `found` None when an optional table is missing."""

    spec: TableSpec
    found: SourceTable | None
    missing: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()

    def has(self, column: Column) -> bool:
        """Whether the source has the column."""
        return self.found is not None and column.source in self.found.columns


def check(specs: tuple[TableSpec, ...], tables: dict[str, SourceTable]) -> list[TableFit]:
    """One fit per spec, in order. Raises SchemaError with every problem of every table."""
    problems = [problem for spec in specs for problem in _problems(spec, tables.get(spec.name))]
    if problems:
        raise SchemaError(problems)
    return [_fit(spec, tables.get(spec.name)) for spec in specs]


def _problems(spec: TableSpec, table: SourceTable | None) -> Iterator[str]:
    if table is None:
        if not spec.optional:
            yield f"table {spec.name} is missing, or this role may not see its schema"
        return
    unreadable = []
    for name, column in spec.source_columns.items():
        found = table.columns.get(name)
        if found is None:
            if not column.optional:
                yield f"column {spec.name}.{name} is missing"
        elif not found.is_readable:
            unreadable.append(name)
        elif reason := _misfit(column.kind, found):
            yield f"column {spec.name}.{name} {reason}"
    if unreadable:
        columns = ", ".join(unreadable)
        yield f"table {spec.name} may not be read by this role (GRANT SELECT; columns {columns})"


def _misfit(kind: Kind, found: SourceColumn) -> str | None:
    wanted = WANTED.get(kind, kind.value.lower())
    if found.family not in ACCEPTED[kind]:
        return f"has type {found.type}, expected {wanted}"
    if found.family == "numeric" and not _is_exact(found.type):
        return f"has type {found.type}, which {wanted} cannot hold without rounding"
    return None


def _is_exact(numeric: str) -> bool:
    match = _NUMERIC.fullmatch(numeric)
    return match is not None and int(match["scale"]) <= 2


def _fit(spec: TableSpec, table: SourceTable | None) -> TableFit:
    if table is None:
        return TableFit(spec, None)
    wanted = set(spec.source_columns)
    return TableFit(
        spec,
        table,
        missing=tuple(sorted(wanted - table.columns.keys())),
        unknown=tuple(sorted(table.columns.keys() - wanted - set(spec.ignored))),
    )
