"""Where reading resumes: raw.watermarks, and the condition put to the source."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import duckdb

from ingest.columns import TableSpec
from ingest.warehouse import quoted

# What follows FROM <table>, and the settings it refers to.
Condition = tuple[str, Mapping[str, str]]


def since(connection: duckdb.DuckDBPyConnection, spec: TableSpec) -> Condition:
    """Rows from the watermark on, minus the overlap (all rows when there is none)."""
    column = quoted(spec.column(spec.cursor or "").source)
    sql = "SELECT last_id, last_at FROM raw.watermarks WHERE table_name = $1"
    last_id, last_at = connection.execute(sql, [spec.name]).fetchone() or (None, None)
    if isinstance(spec.overlap, timedelta):
        low = f"{last_at - spec.overlap}+00" if last_at else "-infinity"
        return f"WHERE {column} >= current_setting('schoolhouse.low')::timestamptz", {"low": low}
    low = str((last_id or 0) - (spec.overlap or 0))
    return f"WHERE {column} > current_setting('schoolhouse.low')::bigint", {"low": low}


def store_watermark(
    connection: duckdb.DuckDBPyConnection, spec: TableSpec, batch_id: int, source_now: datetime
) -> None:
    """Remember the highest cursor in raw. A clock ahead at the source must not make us skip rows."""
    if spec.cursor is None:
        return
    highest = f"max({quoted(spec.cursor)})"
    by_time = isinstance(spec.overlap, timedelta)
    last_id, last_at = ("NULL", f"least({highest}, $3)") if by_time else (highest, "NULL")
    connection.execute("DELETE FROM raw.watermarks WHERE table_name = $1", [spec.name])
    connection.execute(
        f"INSERT INTO raw.watermarks SELECT $1, {last_id}, {last_at}, $2 FROM raw.{quoted(spec.name)} "
        "WHERE $3 IS NOT NULL",
        [spec.name, batch_id, source_now],
    )
