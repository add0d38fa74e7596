"""Small typed helpers around the DuckDB connection."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TypeAlias

import duckdb
import pyarrow as pa

Rows: TypeAlias = pa.Table | pa.RecordBatchReader


@contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Everything inside commits together or not at all."""
    connection.begin()
    try:
        yield
    except BaseException:
        connection.rollback()
        raise
    connection.commit()


@contextmanager
def registered(connection: duckdb.DuckDBPyConnection, name: str, table: Rows) -> Iterator[None]:
    """`table` can be queried as `name` inside; a reader once."""
    # A transaction keeps what was registered in it to its end: a copy would hold every chunk in memory.
    held = _Held(table)
    connection.register(name, held)
    try:
        yield
    finally:
        connection.unregister(name)
        held.let_go()


class _Held:
    """Lends a table to DuckDB through Arrow's stream interface, until it is let go."""

    def __init__(self, table: Rows) -> None:
        self._table = table

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """A new stream of the rows."""
        return self._table.__arrow_c_stream__(requested_schema)

    def let_go(self) -> None:
        """Hold no rows any more."""
        self._table = self._table.schema.empty_table()


def integer(connection: duckdb.DuckDBPyConnection, sql: str, values: Sequence[object] = ()) -> int:
    """The single whole number that a query (or INSERT, DELETE, UPDATE: rows) gives; NULL is 0."""
    row = connection.execute(sql, list(values)).fetchone()
    return int(row[0] or 0) if row else 0


def quoted(name: str) -> str:
    """An identifier, as both PostgreSQL and DuckDB write it."""
    return '"' + name.replace('"', '""') + '"'


def listed(names: Sequence[str], prefix: str = "") -> str:
    """Quoted identifiers with commas between, each behind `prefix`."""
    return ", ".join(prefix + quoted(name) for name in names)
