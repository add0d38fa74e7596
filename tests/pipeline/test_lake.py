"""The lake without Spark: raw lands as Parquet, by date where it is large, and only what changed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from pipeline.errors import UsageError
from pipeline.lake.landing import Landed, land
from pipeline.lake.place import Place, open_place
from pipeline.lake.traces import count_rows, count_texts

EVENTS = "raw.analytics"
USERS = "raw.users"


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("CREATE SCHEMA raw")
        connection.execute(
            "CREATE TABLE raw.analytics AS SELECT n::BIGINT AS id, (n % 3)::INTEGER AS user_key, "
            "DATE '2026-03-01' + (n % 4)::INTEGER AS local_date, "
            "TIMESTAMP '2026-03-01 10:00:00.000001' AS created_at "
            "FROM range(40) AS numbers (n)"
        )
        connection.execute(
            "CREATE TABLE raw.users AS SELECT 1 AS user_key, uuid() AS id, 'ada@example.org' AS email, "
            "'Ada' AS first_name, 'STUDENT'::ENUM ('STUDENT', 'TEACHER') AS role"
        )
        yield connection


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return open_place(str(tmp_path / "lake"))


def written(landed: list[Landed]) -> dict[str, tuple[int, int]]:
    return {table.table: (table.written, table.removed) for table in landed}


def test_large_tables_lie_by_local_date(connection: duckdb.DuckDBPyConnection, place: Place) -> None:
    """Without parts by date, one late event would rewrite years."""
    (events,) = land(connection, place, [EVENTS])

    found = ds.dataset(place.of(events.folder), partitioning="hive", exclude_invalid_files=False).to_table()

    assert (events.partition, events.written) == ("local_date", 4)
    assert sorted(found["id"].to_pylist()) == list(range(40))
    assert set(found["local_date"].to_pylist()) == {f"2026-03-0{day}" for day in (1, 2, 3, 4)}
    assert str(found["created_at"][0].as_py()) == "2026-03-01 10:00:00.000001"


def test_only_changed_parts_are_written(connection: duckdb.DuckDBPyConnection, place: Place) -> None:
    """A landing that misses a changed row is a wrong figure; one that writes everything is a slow night."""
    land(connection, place, [EVENTS, USERS])
    assert written(land(connection, place, [EVENTS, USERS])) == {EVENTS: (0, 0), USERS: (0, 0)}

    connection.execute("UPDATE raw.analytics SET user_key = 9 WHERE id = 5")
    connection.execute("DELETE FROM raw.analytics WHERE local_date = '2026-03-03'")
    connection.execute("INSERT INTO raw.analytics VALUES (99, 1, NULL, NULL)")

    assert written(land(connection, place, [EVENTS, USERS])) == {EVENTS: (2, 1), USERS: (0, 0)}
    landed = ds.dataset(place.of("raw/raw.analytics"), partitioning="hive").to_table()
    assert sorted(landed["id"].to_pylist()) == [n for n in range(40) if n % 4 != 2] + [99]


def test_a_landing_that_was_killed_is_done_again(connection: duckdb.DuckDBPyConnection, place: Place) -> None:
    """Parts whose account was never written may be of any batch: they must not be read on."""
    land(connection, place, [EVENTS])
    account = Path(place.of("raw/raw.analytics/_landed.json"))
    account.write_text(account.read_text()[:50])
    connection.execute("DELETE FROM raw.analytics WHERE local_date = '2026-03-03'")

    (events,) = land(connection, place, [EVENTS])

    assert events.written == 3
    assert ds.dataset(place.of(events.folder), partitioning="hive").count_rows() == 30


def test_names_and_addresses_do_not_leave_the_warehouse(
    connection: duckdb.DuckDBPyConnection, place: Place
) -> None:
    """The lake may lie in an object store that more people can read than the warehouse."""
    (users,) = land(connection, place, [USERS])

    assert list(users.columns) == ["user_key", "id", "role"]
    files = [Path(info.path) for info in place.files("")]
    assert not any(b"Ada" in file.read_bytes() or b"ada@" in file.read_bytes() for file in files)
    assert pq.read_table(place.of("raw/raw.users/part.parquet"))["role"].to_pylist() == ["STUDENT"]


def test_a_person_is_found_in_files_that_no_table_refers_to(
    connection: duckdb.DuckDBPyConnection, place: Place
) -> None:
    """An older version of a table holds whoever was deleted from the newest one."""
    land(connection, place, [EVENTS])
    old = Path(place.of("tables/sqlmesh__marts.db/fct_user_day/data/old.parquet"))
    old.parent.mkdir(parents=True)
    connection.execute(f"COPY (SELECT 2 AS user_key, 7 AS xp) TO '{old}' (FORMAT parquet)")

    assert count_rows(place, [2, 77]) == {
        2: {"lake.raw.raw.analytics": 13, "lake.tables.sqlmesh__marts.db.fct_user_day": 1},
        77: {},
    }


def test_texts_are_found_although_parquet_compresses_them(
    connection: duckdb.DuckDBPyConnection, place: Place
) -> None:
    """The bytes of a file prove nothing: a search of them would say that a person is gone who is not."""
    land(connection, place, [USERS, EVENTS])
    row = connection.execute("SELECT id FROM raw.users").fetchone()
    assert row is not None

    assert count_texts(place, [str(row[0]).upper(), "ada@example.org"]) == {"lake.raw.raw.users.id": 1}
    assert count_texts(place, ["teacher"]) == {}


def test_places_are_named_for_both_sides(tmp_path: Path) -> None:
    """pyarrow and Spark write the same address differently; a wrong one is an empty table."""
    local, store = open_place(str(tmp_path)), open_place("s3://bucket/school/lake?region=eu-central-1")

    assert (local.path, local.spark("raw")) == (str(tmp_path), f"file://{tmp_path}/raw")
    assert local.path_of(f"file:{tmp_path}/tables/a.parquet") == f"{tmp_path}/tables/a.parquet"
    assert (store.path, store.spark("raw")) == ("bucket/school/lake", "s3a://bucket/school/lake/raw")
    assert store.path_of("s3a://bucket/school/lake/tables/a.parquet") == "bucket/school/lake/tables/a.parquet"


def test_an_address_of_an_unknown_kind_is_refused() -> None:
    with pytest.raises(UsageError, match="gopher://somewhere"):
        open_place("gopher://somewhere/lake")
