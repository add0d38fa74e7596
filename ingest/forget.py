"""Remove people from `raw`."""

from __future__ import annotations

from collections.abc import Collection

import duckdb

from ingest import withheld
from ingest.columns import Column, Forget, TableSpec
from ingest.specs import TABLES
from ingest.touched import is_event_stream, touch
from ingest.warehouse import integer, quoted, transaction

_THEM = "(SELECT unnest($1::INTEGER[]))"


def forget(connection: duckdb.DuckDBPyConnection, user_keys: Collection[int]) -> dict[str, int]:
    """Delete every row about these people, clear references from rows about others, drop their keys.

    Returns {raw table: rows deleted, or cleared where the row is not theirs}, every table that refers to
    people included. Local dates of deleted events become pending. One transaction.
    """
    keys = sorted(user_keys)
    with transaction(connection):
        rows = {
            spec.name: _forget_in(connection, spec, column, keys)
            for spec in TABLES
            for column in spec.columns
            if column.forget
        }
        # Who is gone has nothing to build: the rows of the models go with those of raw.
        for pending in ("pending_days", "pending_people"):
            connection.execute(f"DELETE FROM raw.{pending} WHERE user_key IN {_THEM}", [keys])
        rows["key_users"] = integer(connection, f"DELETE FROM raw.key_users WHERE key IN {_THEM}", [keys])
    return rows


def _forget_in(
    connection: duckdb.DuckDBPyConnection, spec: TableSpec, column: Column, keys: list[int]
) -> int:
    table, condition = f"raw.{quoted(spec.name)}", f"{quoted(column.name)} IN {_THEM}"
    if column.forget is Forget.CLEAR:
        sql = f"UPDATE {table} SET {quoted(column.name)} = NULL WHERE {condition}"
        return integer(connection, sql, [keys])
    if is_event_stream(spec):
        batch_id = integer(connection, "SELECT max(batch_id) FROM raw.batches")
        touch(connection, batch_id, f"SELECT user_key, local_date FROM {table} WHERE {condition}", [keys])
    withheld.forget(connection, spec, condition, [keys])
    return integer(connection, f"DELETE FROM {table} WHERE {condition}", [keys])
