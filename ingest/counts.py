"""Rows that count in no metric, or come late."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import duckdb

from ingest.columns import Column, Entity, Orphan, TableSpec
from ingest.specs import TABLES
from ingest.touched import is_event_stream
from ingest.warehouse import integer, quoted
from ingest.zones import LOCAL_DATE, known_zones


@dataclass(frozen=True)
class Counts:
    """Of one raw table: all rows, those after as_of, and the orphans among the others."""

    rows: int
    future: int
    orphans: int


def count(connection: duckdb.DuckDBPyConnection, spec: TableSpec, as_of: datetime) -> Counts:
    """Count a raw table once all tables are loaded."""
    table = f"raw.{quoted(spec.name)}"
    future = f"{spec.happened_at} > $1" if spec.happened_at else "$1 IS NULL"
    # Each condition in a scan of its own, so that what it does not need of the table is not read.
    orphans = " UNION ALL ".join(
        f"SELECT rowid AS row_id FROM {table} WHERE {orphaned} AND NOT coalesce({future}, false)"
        for column in spec.columns
        for orphaned in _orphaned(column)
    )
    found = f"(SELECT count(DISTINCT row_id) FROM ({orphans}))" if orphans else "0"
    sql = f"SELECT count(*), (SELECT count(*) FROM {table} WHERE {future}), {found} FROM {table}"
    row = connection.execute(sql, [as_of]).fetchone()
    return Counts(*row) if row else Counts(0, 0, 0)


def _orphaned(column: Column) -> Iterator[str]:
    """Conditions of which any makes a row an orphan: the key is one of the few of nothing, or missing."""
    if column.orphan is Orphan.NEVER:
        return
    table, key = _home(column.entity)
    home = f"raw.{quoted(table)} AS home ON home.{quoted(key)} = known.key"
    gone = f"SELECT known.key FROM raw.key_{column.entity} AS known ANTI JOIN {home}"
    yield f"{quoted(column.name)} IN ({gone})"
    if column.orphan is Orphan.DANGLING_OR_NULL:
        yield f"{quoted(column.name)} IS NULL"


def _home(entity: Entity | None) -> tuple[str, str]:
    """Raw table and key column in which an entity exists."""
    for spec in TABLES:
        for column in spec.columns:
            if column.entity == entity and spec.key == (column.name,) and column.source == "id":
                return spec.name, column.name
    raise LookupError(entity)


def late_rows(connection: duckdb.DuckDBPyConnection, spec: TableSpec, inserted: str, before: datetime) -> int:
    """Rows of the relation `inserted` that happened on an earlier day than the previous as_of."""
    if not is_event_stream(spec):
        is_late = f"CAST({spec.happened_at} AS DATE) < CAST($1 AS DATE)"
        return integer(connection, f"SELECT count(*) FROM {inserted} AS event WHERE {is_late}", [before])
    then = LOCAL_DATE.format(at="CAST($1 AS TIMESTAMP)", day="zone_day")
    return integer(
        connection,
        f"""
        SELECT count(*) FROM {inserted} AS event
        LEFT JOIN ingest_people AS person ON person.user_key = event.user_key
        JOIN raw.zone_days AS zone_day ON zone_day.zone = coalesce(person.zone, 'UTC')
            AND zone_day.utc_date = CAST($1 AS DATE)
        WHERE event.local_date < {then}""",
        [before],
    )


def unknown_zones(connection: duckdb.DuckDBPyConnection) -> int:
    """Schools with a time zone name that is none."""
    rows = connection.execute("SELECT timezone FROM raw.schools WHERE timezone IS NOT NULL").fetchall()
    return sum(row[0] not in known_zones() for row in rows)
