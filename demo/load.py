"""Bulk loading into whatever of the contract's tables and columns a database has."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import adbc_driver_postgresql.dbapi as adbc
import numpy as np
import polars as pl
import psycopg
import pyarrow as pa
from adbc_driver_manager import Error as AdbcError
from adbc_driver_manager.dbapi import Connection

from demo.plan import uuids
from demo.server import DemoError

REQUIRED = (
    "users",
    "courses",
    "lessons",
    "classes",
    "class_enrollments",
    "user_progress",
    "quizzes",
    "quiz_attempts",
    "analytics",
)
OPTIONAL = (
    "schools",
    "contents",
    "leaderboard",
    "consents",
    "data_subject_requests",
    "security_incidents",
)
REFERENCES = {"student": "users", "teacher": "users", "class": "classes", "quiz": "quizzes"}
BATCH_ROWS = 100_000
JSONB_VERSION = "\x01"
CASTS: dict[str, pl.DataType] = {
    "int4": pl.Int32(),
    "int8": pl.Int64(),
    "numeric": pl.Decimal(5, 2),
    "timestamptz": pl.Datetime("us", "UTC"),
    "bool": pl.Boolean(),
    "date": pl.Date(),
}


@dataclass(frozen=True)
class Target:
    """A database in one open transaction: `columns` are the type names by table and column that it has.

    Numbers in columns that hold UUIDs become the UUIDs that belong to `seed`; binary values stay.
    """

    connection: Connection
    seed: int
    columns: dict[str, dict[str, str]]

    def query(self, statement: str, *values: object) -> pl.DataFrame:
        """Run a query with values bound to $1, $2, … and return its rows."""
        with self.connection.cursor() as cursor:
            cursor.execute(statement, values or None)
            return pl.DataFrame(cursor.fetch_arrow_table())

    def execute(self, statement: str) -> None:
        """Run a statement that returns nothing."""
        with self.connection.cursor() as cursor:
            cursor.execute(statement)

    def count(self, statement: str) -> int:
        """Run a statement that changes rows and return how many it changed."""
        counted = f"WITH done AS ({statement} RETURNING 1) SELECT count(*) AS rows FROM done"  # noqa: S608
        return int(self.query(counted).item())

    def append(self, table: str, frame: pl.DataFrame) -> int:
        """Load rows into a table, leaving out columns that it lacks; return how many, 0 without the table."""
        types = self.columns.get(table, {})
        if not types or frame.is_empty():
            return 0
        self._ingest(table, table, frame.select(name for name in frame.columns if name in types))
        return frame.height

    def update(self, table: str, frame: pl.DataFrame, keys: tuple[str, ...] = ("id",)) -> int:
        """Change rows found by `keys` to what the other columns of `frame` say; return how many it found."""
        frame = frame.select(name for name in frame.columns if name in self.columns.get(table, {}))
        changes = ", ".join(f"{name} = changes.{name}" for name in frame.columns if name not in keys)
        if not changes or frame.is_empty():
            return 0
        self.stage(table, frame)
        return self.count(f"UPDATE {table} SET {changes} FROM changes WHERE {_same(table, keys)}")  # noqa: S608

    def delete(self, table: str, frame: pl.DataFrame) -> int:
        """Delete the rows that agree with `frame` in all its columns; return how many it found."""
        if table not in self.columns or frame.is_empty():
            return 0
        self.stage(table, frame)
        return self.count(f"DELETE FROM {table} USING changes WHERE {_same(table, frame.columns)}")  # noqa: S608

    def stage(self, table: str, frame: pl.DataFrame) -> None:
        """Put `frame` into the temporary table `changes`, its columns typed as in `table`."""
        names = ", ".join(frame.columns)
        self.execute("DROP TABLE IF EXISTS pg_temp.changes")
        self.execute(f"CREATE TEMP TABLE changes ON COMMIT DROP AS SELECT {names} FROM {table} LIMIT 0")  # noqa: S608
        self._ingest(table, "changes", frame, temporary=True)

    def _ingest(self, table: str, into: str, frame: pl.DataFrame, *, temporary: bool = False) -> None:
        types = self.columns[table]
        rows = pa.table({name: self._arrow(frame[name], types[name], table) for name in frame.columns})
        with self.connection.cursor() as cursor:
            cursor.adbc_ingest(into, rows.to_reader(BATCH_ROWS), mode="append", temporary=temporary)

    def _arrow(self, column: pl.Series, type_name: str, table: str) -> pa.Array:
        """Return the Arrow array whose binary COPY form a column of that PostgreSQL type reads."""
        if type_name == "uuid":
            return _uuid_array(column, self.seed, _entity(table, column.name))
        if type_name == "jsonb":
            return (JSONB_VERSION + column).cast(pl.Binary).to_arrow()
        return column.cast(CASTS.get(type_name, pl.String())).to_arrow()


@contextmanager
def open_target(url: str, seed: int) -> Iterator[Target]:
    """Open a database for loading in one transaction without foreign keys, committed at the end.

    Raises DemoError when a table of the contract is missing or the role may not load orphans.
    """
    try:
        with adbc.connect(url) as connection:
            target = Target(connection, seed, _columns(connection))
            _require_tables(target)
            # Real platforms hold rows of deleted accounts; foreign keys would not let us make any.
            target.execute("SET LOCAL session_replication_role = replica")
            yield target
            connection.commit()
    except AdbcError as error:
        raise DemoError(f"the source refused: {str(error).splitlines()[0]}") from error


def require_empty(target: Target) -> None:
    """Raise DemoError when a table has rows already."""
    for table in target.columns:
        if target.query(f"SELECT 1 AS found FROM {table} LIMIT 1").height:  # noqa: S608
            raise DemoError(f"table {table} is not empty: generate fills empty databases only")


@contextmanager
def without_indexes(target: Target, table: str) -> Iterator[None]:
    """Drop a table's secondary indexes while it is loaded, and build them anew afterwards."""
    found = target.query(
        "SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS definition FROM pg_index "
        "WHERE indrelid = $1::text::regclass AND NOT indisunique ORDER BY 1",
        table,
    )
    for name in found["name"]:
        target.execute(f"DROP INDEX {name}")
    yield
    for definition in found["definition"]:
        target.execute(definition)


def finish(url: str) -> None:
    """Leave the statistics and the row visibility that a database in use has."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM (ANALYZE)")


def _columns(connection: Connection) -> dict[str, dict[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name::text, column_name::text, udt_name::text FROM information_schema.columns "
            "WHERE table_schema = current_schema() ORDER BY table_name, ordinal_position"
        )
        rows = cursor.fetchall()
    known = set(REQUIRED) | set(OPTIONAL)
    found: dict[str, dict[str, str]] = {}
    for table, column, type_name in rows:
        if table in known:
            found.setdefault(table, {})[column] = type_name
    return found


def _require_tables(target: Target) -> None:
    missing = [table for table in REQUIRED if table not in target.columns]
    if missing:
        raise DemoError(f"the database lacks the operational schema: no table {', '.join(missing)}")


def _same(table: str, keys: Iterable[str]) -> str:
    return " AND ".join(f"{table}.{name} = changes.{name}" for name in keys)


def _entity(table: str, column: str) -> str:
    """What a column's UUIDs are of: rows of this table, or of the one that it refers to."""
    name = column.removesuffix("_id")
    return table if column == "id" else REFERENCES.get(name, f"{name}s")


def _uuid_array(column: pl.Series, seed: int, kind: str) -> pa.Array:
    if column.dtype == pl.Binary:
        return pa.array(column.to_list(), pa.binary(16))
    numbers = column.cast(pl.Int64).fill_null(-1).to_numpy()
    octets = np.ascontiguousarray(uuids(seed, kind, numbers))
    valid = np.packbits(numbers >= 0, bitorder="little")
    return pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(16), len(numbers), [pa.py_buffer(valid), pa.py_buffer(octets)]
    )
