"""The published file: rows in the order of their look-ups, meanings kept, and no half-written file."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from api.manifest import ColumnEntry
from pipeline.copying import MartTable, copy_marts

MART = MartTable(
    name="scores",
    order=("person", "day"),
    description="One row per person's day.",
    column_descriptions={"person": "Key of the person", "day": "It's the local date"},
)


@pytest.fixture
def connection() -> duckdb.DuckDBPyConnection:
    """A warehouse with one mart, in the order in which parallel threads left it."""
    connection = duckdb.connect()
    connection.execute("SET preserve_insertion_order = false; CREATE SCHEMA marts")
    connection.execute(
        "CREATE TABLE marts.scores AS SELECT (hash(range) % 5000)::INTEGER AS person,"
        " DATE '2026-01-01' + (range % 90)::INTEGER AS day FROM range(400000)"
    )
    return connection


def test_rows_lie_in_lookup_order(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """Guards against a shuffled file: point queries would read every row group of it."""
    target = tmp_path / "marts.duckdb"

    copied = copy_marts(connection, target, [MART])

    with duckdb.connect(str(target), read_only=True) as snapshot:
        moved = snapshot.execute(
            "SELECT count(*) FROM (SELECT (person, day) AS place, lag(place) OVER (ORDER BY rowid) AS old"
            " FROM scores) WHERE old > place"
        ).fetchone()
        assert snapshot.execute("SELECT count(*) FROM scores").fetchone() == (400_000,)
    assert moved == (0,)
    assert copied["scores"].rows == 400_000


def test_meanings_travel_with_the_file(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    target = tmp_path / "marts.duckdb"

    copied = copy_marts(connection, target, [MART])

    with duckdb.connect(str(target), read_only=True) as snapshot:
        tables = snapshot.execute("SELECT table_name, comment FROM duckdb_tables()").fetchall()
        columns = snapshot.execute(
            "SELECT column_name, data_type, comment FROM duckdb_columns() WHERE NOT internal"
        ).fetchall()
    assert tables == [("scores", "One row per person's day.")]
    assert columns == [
        ("person", "INTEGER", "Key of the person"),
        ("day", "DATE", "It's the local date"),
    ]
    assert copied["scores"].columns == (
        ColumnEntry(name="person", type="INTEGER", description="Key of the person"),
        ColumnEntry(name="day", type="DATE", description="It's the local date"),
    )


def test_everything_is_in_the_one_file(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """Guards against rows left in a write-ahead log that is not published."""
    copy_marts(connection, tmp_path / "marts.duckdb", [MART])

    assert [path.name for path in tmp_path.iterdir()] == ["marts.duckdb"]


def test_failure_lets_go_of_the_file(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    broken = MartTable("missing", ("a",), "", {})

    with pytest.raises(duckdb.CatalogException):
        copy_marts(connection, tmp_path / "first.duckdb", [MART, broken])

    assert copy_marts(connection, tmp_path / "second.duckdb", [MART])["scores"].rows == 400_000


def test_two_cursors_share_the_tables(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """Guards against tables that are copied twice or never, and against columns told of another table."""
    few = [MartTable(f"few_{number}", ("place",), "", {}) for number in range(20)]
    for number, mart in enumerate(few):
        connection.execute(f"CREATE TABLE marts.{mart.name} AS SELECT range AS place FROM range({number})")
    tables = [*few[:10], MART, *few[10:]]

    copied = copy_marts(connection, tmp_path / "marts.duckdb", tables, beside=[connection.cursor()])

    assert list(copied) == [table.name for table in tables]
    with duckdb.connect(str(tmp_path / "marts.duckdb"), read_only=True) as snapshot:
        for name, table in copied.items():
            rows = snapshot.execute(f"SELECT count(*) FROM {name}").fetchone()
            assert rows == (table.rows,)
    assert [copied[mart.name].rows for mart in few] == list(range(20))
    assert [column.name for column in copied["scores"].columns] == ["person", "day"]


def test_a_failure_of_one_cursor_ends_the_other(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    other = connection.cursor()
    connection.execute("CREATE VIEW marts.broken AS SELECT 1 AS a, error('no such luck') AS b FROM range(2)")
    broken = MartTable("broken", ("a",), "", {})

    with pytest.raises(duckdb.InvalidInputException, match="no such luck"):
        copy_marts(connection, tmp_path / "first.duckdb", [broken, MART], beside=[other])

    copied = copy_marts(connection, tmp_path / "second.duckdb", [MART], beside=[other])
    assert copied["scores"].rows == 400_000
