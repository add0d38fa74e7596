"""raw.withheld: what the source has of erased people, as count and checksum per table and block.

Those rows are left behind on arrival. Without this sum their blocks would differ from the source for ever,
and be copied again every night. Where a block is one person's, blocks of erased people are not compared.
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from ingest.blocks import is_by_person
from ingest.columns import TableSpec
from ingest.fingerprints import block_totals
from ingest.warehouse import quoted


def clear(connection: duckdb.DuckDBPyConnection) -> None:
    """Begin to count for one reading."""
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE ingest_withheld (block BIGINT, row_count BIGINT, checksum BIGINT)"
    )


def add(connection: duckdb.DuckDBPyConnection, spec: TableSpec) -> None:
    """Count the rows of ingest_chunk."""
    if not is_by_person(spec):
        connection.execute(
            f"INSERT INTO ingest_withheld SELECT {block_totals(spec)} FROM ingest_chunk GROUP BY 1"
        )


def blocks(connection: duckdb.DuckDBPyConnection) -> list[int]:
    """Blocks of the rows that were counted."""
    return [row[0] for row in connection.execute("SELECT DISTINCT block FROM ingest_withheld").fetchall()]


def forget(
    connection: duckdb.DuckDBPyConnection, spec: TableSpec, condition: str, values: Sequence[object]
) -> None:
    """Count rows that are about to be deleted from the raw table, as the source may still have them."""
    if not is_by_person(spec):
        sql = f"SELECT $2, {block_totals(spec)} FROM raw.{quoted(spec.name)} WHERE {condition} GROUP BY 2"
        connection.execute(f"INSERT INTO raw.withheld {sql}", [*values, spec.name])


def store(
    connection: duckdb.DuckDBPyConnection, spec: TableSpec, blocks: Sequence[int] | None = None
) -> None:
    """Replace what is known of these blocks (None: of all) by what was counted."""
    connection.execute(
        "DELETE FROM raw.withheld WHERE table_name = $1 "
        "AND ($2::BIGINT[] IS NULL OR block IN (SELECT unnest($2::BIGINT[])))",
        [spec.name, blocks],
    )
    connection.execute(
        "INSERT INTO raw.withheld SELECT $1, block, sum(row_count), sum(checksum) "
        "FROM ingest_withheld GROUP BY block",
        [spec.name],
    )
