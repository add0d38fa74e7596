"""Copy the marts into a new DuckDB file, each table in the order in which it is looked up.

The only place that writes `marts.duckdb`. Sorted tables of small row groups answer a point query by their
zone maps; identities, which are looked up by two columns, have indexes (`pipeline/identity.py`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from api.manifest import ColumnEntry
from ingest.warehouse import integer, transaction

TARGET = "snapshot"
MARTS = 'marts."{}"'
# What a lookup reads at least. Seven times less than DuckDB's own: the rows of a class then cost the same
# however long the history is, for a file that is some 5 % larger. Half of it makes no lookup faster, but
# writing takes a fifth more of the processor.
ROW_GROUP_SIZE = 16384


@dataclass(frozen=True)
class MartTable:
    """A mart as it is published: name in schema main, order of its rows, meanings kept as comments."""

    name: str
    order: tuple[str, ...]
    description: str
    column_descriptions: dict[str, str]


@dataclass(frozen=True)
class CopiedTable:
    """What was written: number of rows, and the columns with their DuckDB types."""

    rows: int
    columns: tuple[ColumnEntry, ...]


def copy_marts(
    connection: duckdb.DuckDBPyConnection,
    target: Path,
    tables: Sequence[MartTable],
    source: str = MARTS,
    beside: Sequence[duckdb.DuckDBPyConnection] = (),
) -> dict[str, CopiedTable]:
    """Write all tables into the new file `target`; `source` names its relations.

    `beside` are other cursors of the same database, which copy at the same time: the end of a table is one
    thread's work, and leaves room for the beginning of another. After an error the file is worth nothing.
    """
    cursors = (connection, *beside)
    with attached(connection, target, TARGET):
        waiting = _in_line(connection, tables, source) if beside else deque(tables)
        with ThreadPoolExecutor(max_workers=len(cursors)) as threads:
            parts = [threads.submit(_copy_all, cursor, waiting, source) for cursor in cursors]
            try:
                wait(parts, return_when=FIRST_EXCEPTION)
            finally:
                waiting.clear()
        copied = {name: one for part in parts for name, one in part.result().items()}
    return {table.name: copied[table.name] for table in tables}


@contextmanager
def attached(connection: duckdb.DuckDBPyConnection, target: Path, catalog: str) -> Iterator[None]:
    """A new database file as this catalog; checkpointed when it is let go."""
    connection.execute(f"ATTACH '{literal(str(target))}' AS {catalog} (ROW_GROUP_SIZE {ROW_GROUP_SIZE})")
    try:
        yield
        connection.execute(f"CHECKPOINT {catalog}")
    finally:
        connection.execute(f"DETACH {catalog}")


def _in_line(
    connection: duckdb.DuckDBPyConnection, tables: Sequence[MartTable], source: str
) -> deque[MartTable]:
    """The longest first: one that begins last would be waited for."""
    rows = "SELECT count(*) FROM {}"
    return deque(
        sorted(tables, key=lambda table: -integer(connection, rows.format(source.format(table.name))))
    )


def _copy_all(
    connection: duckdb.DuckDBPyConnection, waiting: deque[MartTable], source: str
) -> dict[str, CopiedTable]:
    """Take tables off the line until there is none, all in one transaction."""
    copied = {}
    with transaction(connection):
        while table := _next(waiting):
            copied[table.name] = _copy(connection, table, source)
    return copied


def _next(waiting: deque[MartTable]) -> MartTable | None:
    try:
        return waiting.popleft()
    except IndexError:
        return None


def literal(text: str) -> str:
    """Text for a place where DuckDB takes no bound value: ATTACH and COMMENT."""
    return text.replace("'", "''")


def _copy(connection: duckdb.DuckDBPyConnection, table: MartTable, source: str) -> CopiedTable:
    name = f'{TARGET}.main."{table.name}"'
    order = ", ".join(f'"{column}"' for column in table.order)
    rows = f"SELECT * FROM {source.format(table.name)} ORDER BY {order}"  # noqa: S608 - names from the project
    row = connection.execute(f"CREATE TABLE {name} AS {rows}").fetchone()
    columns = [(str(one[0]), str(one[1])) for one in connection.execute(f"DESCRIBE {name}").fetchall()]
    connection.execute(f"COMMENT ON TABLE {name} IS '{literal(table.description)}'")
    for column, _ in columns:
        description = literal(table.column_descriptions.get(column, ""))
        connection.execute(f"COMMENT ON COLUMN {name}.\"{column}\" IS '{description}'")
    return CopiedTable(
        rows=int(row[0]) if row else 0,
        columns=tuple(
            ColumnEntry(name=column, type=kind, description=table.column_descriptions.get(column, ""))
            for column, kind in columns
        ),
    )
