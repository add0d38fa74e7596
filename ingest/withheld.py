"""raw.withheld: what the source has of erased people, as count and checksum per table and UTC day.

Those rows are left behind on arrival. Without this sum their days would differ from the source for ever,
and be copied again every night.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import duckdb

from ingest.columns import TableSpec
from ingest.fingerprints import day_totals
from ingest.warehouse import quoted


def clear(connection: duckdb.DuckDBPyConnection) -> None:
    """Begin to count for one reading."""
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE ingest_withheld "
        "(utc_date DATE, row_count BIGINT, checksum DECIMAL(38, 0))"
    )


def add(connection: duckdb.DuckDBPyConnection, spec: TableSpec) -> None:
    """Count the rows of ingest_chunk."""
    if spec.day:
        connection.execute(
            f"INSERT INTO ingest_withheld SELECT {day_totals(spec)} FROM ingest_chunk GROUP BY 1"
        )


def forget(
    connection: duckdb.DuckDBPyConnection, spec: TableSpec, condition: str, values: Sequence[object]
) -> None:
    """Count rows that are about to be deleted from the raw table, as the source may still have them."""
    if spec.day:
        sql = f"SELECT $2, {day_totals(spec)} FROM raw.{quoted(spec.name)} WHERE {condition} GROUP BY 2"
        connection.execute(f"INSERT INTO raw.withheld {sql}", [*values, spec.name])


def store(connection: duckdb.DuckDBPyConnection, spec: TableSpec, days: Sequence[date] | None = None) -> None:
    """Replace what is known of these days (None: of all days) by what was counted."""
    connection.execute(
        "DELETE FROM raw.withheld WHERE table_name = $1 "
        "AND ($2::DATE[] IS NULL OR utc_date IN (SELECT unnest($2::DATE[])))",
        [spec.name, days],
    )
    connection.execute(
        "INSERT INTO raw.withheld SELECT $1, utc_date, sum(row_count), sum(checksum) "
        "FROM ingest_withheld GROUP BY utc_date",
        [spec.name],
    )
