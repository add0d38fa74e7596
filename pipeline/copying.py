"""Copy the marts into a new DuckDB file, each table in the order in which it is looked up.

The only place that writes `marts.duckdb`. Sorted tables of small row groups answer a point query by their
zone maps; identities, which are looked up by two columns, have indexes (`pipeline/identity.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from api.manifest import ColumnEntry

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
    connection: duckdb.DuckDBPyConnection, target: Path, tables: Iterable[MartTable], source: str = MARTS
) -> dict[str, CopiedTable]:
    """Write all tables into the new file `target`, in one transaction; `source` names its relations."""
    with attached(connection, target, TARGET):
        return {table.name: _copy(connection, table, source) for table in tables}


@contextmanager
def attached(connection: duckdb.DuckDBPyConnection, target: Path, catalog: str) -> Iterator[None]:
    """A new database file as this catalog, in one transaction; checkpointed when it is let go."""
    connection.execute(f"ATTACH '{literal(str(target))}' AS {catalog} (ROW_GROUP_SIZE {ROW_GROUP_SIZE})")
    try:
        connection.execute("BEGIN")
        yield
        connection.execute("COMMIT")
        connection.execute(f"CHECKPOINT {catalog}")
    finally:
        _rollback(connection)
        connection.execute(f"DETACH {catalog}")


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


def _rollback(connection: duckdb.DuckDBPyConnection) -> None:
    try:
        connection.execute("ROLLBACK")
    except duckdb.TransactionException:
        return  # committed: there is nothing to undo
