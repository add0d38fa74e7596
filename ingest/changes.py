"""ingest_stage against a raw table: what is new, changed and gone, found and applied with set operations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from ingest.columns import TableSpec
from ingest.errors import DuplicateKeyError
from ingest.layout import table_columns
from ingest.warehouse import integer, listed, quoted


@dataclass(frozen=True)
class Changes:
    """Rows of the raw table."""

    inserted: int = 0
    updated: int = 0
    deleted: int = 0

    def __add__(self, other: Changes) -> Changes:
        return Changes(
            self.inserted + other.inserted, self.updated + other.updated, self.deleted + other.deleted
        )


def create_stage(connection: duckdb.DuckDBPyConnection, spec: TableSpec) -> str:
    """An empty ingest_stage with the columns of the raw table (without batch_id); its name."""
    columns = [f"{quoted(name)} {kind}" for name, kind in table_columns(spec).items() if name != "batch_id"]
    connection.execute(f"CREATE OR REPLACE TEMP TABLE ingest_stage ({', '.join(columns)})")
    return "ingest_stage"


def refuse_duplicates(connection: duckdb.DuckDBPyConnection, spec: TableSpec, relation: str) -> None:
    """Raise DuplicateKeyError when a key occurs twice in `relation`."""
    keys = f"SELECT 1 FROM {relation} GROUP BY {listed(spec.key)} HAVING count(*) > 1"
    duplicates = integer(connection, f"SELECT count(*) FROM ({keys})")
    if duplicates:
        raise DuplicateKeyError(spec.name, tuple(spec.column(name).source for name in spec.key), duplicates)


def apply_stage(
    connection: duckdb.DuckDBPyConnection,
    spec: TableSpec,
    batch_id: int,
    scope: str,
    values: Sequence[object] = (),
) -> Changes:
    """Make the rows of the raw table for which `scope` holds equal to ingest_stage.

    `scope` is SQL over raw columns with `values` bound, and holds for every key in ingest_stage; 'false'
    inserts and updates only.
    Leaves ingest_fresh (inserted and new versions) and ingest_doomed (deleted and old versions).
    """
    _hold(connection, spec, scope, values)
    _compare(connection, spec)
    raw = f"raw.{quoted(spec.name)}"
    if integer(connection, "SELECT count(*) FROM ingest_doomed"):
        connection.execute(f"DELETE FROM {raw} WHERE rowid IN (SELECT row_id FROM ingest_doomed)")
    names = listed(spec.names)
    connection.execute(
        f"INSERT INTO {raw} ({names}, batch_id) SELECT {names}, $1 FROM ingest_fresh", [batch_id]
    )
    return Changes(
        inserted=integer(connection, "SELECT count(*) FROM ingest_fresh WHERE is_new"),
        updated=integer(connection, "SELECT count(*) FROM ingest_fresh WHERE NOT is_new"),
        deleted=integer(connection, "SELECT count(*) FROM ingest_doomed WHERE is_deleted"),
    )


def _hold(
    connection: duckdb.DuckDBPyConnection, spec: TableSpec, scope: str, values: Sequence[object]
) -> None:
    """ingest_held: rows of the raw table that are in scope, or without a scope those whose key arrived."""
    arrived = f"EXISTS (SELECT 1 FROM ingest_stage AS stage WHERE {_same_key(spec, 'stage', 'held')})"
    condition = arrived if scope == "false" else scope
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE ingest_held AS SELECT held.rowid AS row_id, held.* "
        f"FROM raw.{quoted(spec.name)} AS held WHERE {condition}",
        list(values),
    )


def _compare(connection: duckdb.DuckDBPyConnection, spec: TableSpec) -> None:
    same = _same_key(spec, "stage", "held")
    key = quoted(spec.key[0])
    differs = " OR ".join(f"stage.{quoted(n)} IS DISTINCT FROM held.{quoted(n)}" for n in spec.names)
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE ingest_doomed AS SELECT held.*, stage.{key} IS NULL AS is_deleted "
        f"FROM ingest_held AS held LEFT JOIN ingest_stage AS stage ON {same} "
        f"WHERE stage.{key} IS NULL OR {differs}"
    )
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE ingest_fresh AS SELECT stage.*, held.{key} IS NULL AS is_new "
        f"FROM ingest_stage AS stage LEFT JOIN ingest_held AS held ON {same} "
        f"WHERE held.{key} IS NULL OR {differs}"
    )


def _same_key(spec: TableSpec, left: str, right: str) -> str:
    return " AND ".join(f"{left}.{quoted(name)} = {right}.{quoted(name)}" for name in spec.key)
