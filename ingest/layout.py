"""The `raw` schema: which tables it has, with their columns, and how they are made."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb

from ingest.columns import ENTITIES, TableSpec
from ingest.specs import TABLES

Columns = dict[str, str]

BOOKKEEPING: dict[str, Columns] = {
    "batches": {
        "batch_id": "BIGINT",
        "as_of": "TIMESTAMP",
        "source_now": "TIMESTAMP",
        "ingested_at": "TIMESTAMP",
        "is_complete": "BOOLEAN",
    },
    "current_batch": {"batch_id": "BIGINT", "as_of": "TIMESTAMP"},
    "watermarks": {
        "table_name": "VARCHAR",
        "last_id": "BIGINT",
        "last_at": "TIMESTAMP",
        "batch_id": "BIGINT",
    },
    "horizons": {"table_name": "VARCHAR", "history": "VARCHAR", "xid": "BIGINT", "batch_id": "BIGINT"},
    "touched_dates": {"batch_id": "BIGINT", "local_date": "DATE"},
    "pending_dates": {"local_date": "DATE"},
    "pending_days": {"user_key": "INTEGER", "local_date": "DATE"},
    "pending_people": {"user_key": "INTEGER"},
    "withheld": {
        "table_name": "VARCHAR",
        "block": "BIGINT",
        "row_count": "BIGINT",
        "checksum": "BIGINT",
    },
    "zone_days": {
        "zone": "VARCHAR",
        "utc_date": "DATE",
        "offset_seconds": "INTEGER",
        "changes_at": "TIMESTAMP",
        "offset_after_seconds": "INTEGER",
    },
}


def raw_tables() -> Iterator[tuple[str, Columns]]:
    """Every table of `raw`: (name, {column: DuckDB type})."""
    for entity in ENTITIES:
        yield f"key_{entity}", {"id": "UUID", "key": "INTEGER"}
    for spec in TABLES:
        yield spec.name, table_columns(spec)
    yield from BOOKKEEPING.items()


def table_columns(spec: TableSpec) -> Columns:
    """Columns of the raw table of a spec, batch_id last."""
    return {column.name: column.raw_type for column in spec.columns} | {"batch_id": "BIGINT"}


def create_raw(connection: duckdb.DuckDBPyConnection) -> None:
    """Create what is missing of the schema `raw`; leaves existing tables as they are."""
    connection.execute("CREATE SCHEMA IF NOT EXISTS raw")
    for name, columns in raw_tables():
        body = ", ".join(f'"{column}" {kind}' for column, kind in columns.items())
        connection.execute(f'CREATE TABLE IF NOT EXISTS raw."{name}" ({body})')
