"""Large tables are read as packed columns: every value must arrive as it does when rows are read."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import UTC, datetime

import pyarrow as pa
import pytest

from demo.generate import generate
from ingest.catalog import SourceTable, describe
from ingest.columns import Column, Kind, TableSpec
from ingest.packed import Packing
from ingest.read import read
from ingest.schema import TableFit
from ingest.source import Source, open_source
from tests.ingest.conftest import School

AS_OF = datetime(2026, 6, 1, 12, tzinfo=UTC)
ALL = {"first": "0", "last": "1", "end": "4294967295"}
ID = "('ffffffff-0000-0010-0000-0000ffffffff'::uuid)"
MOMENT = "2026-03-02T10:00:00.000001+00:00"
# Type, values (SQL): with NULL among them, and without.
COLUMNS: dict[str, tuple[str, ...]] = {
    "smallint": ("-1", "0", "32767"),
    "integer": ("-1", "4", "-2147483648"),
    "bigint": ("-1", "8", "4294967295", "-9223372036854775808"),
    "boolean": ("true", "false"),
    "date": ("'1999-12-31'", "'2000-01-01'", "'0001-01-01'", "'9999-12-31'"),
    "timestamptz": (f"'{MOMENT}'", "'1999-12-31 23:59:59.999999+00'", "'0001-01-01+00'", "'9999-12-31+14'"),
    "timestamptz(3)": (f"'{MOMENT}'", "'2026-03-02 10:00:00.125+00'"),
    "uuid": (ID, "('00000000-0000-0000-0000-000000000000'::uuid)"),
    "text": ("'a'", "''", "repeat('æ', 128)", "repeat('b', 255)", "repeat('c', 256)", "repeat('d', 65792)"),
    "varchar(9)": ("'Zoë'", "'ok'"),
    "char(9)": ("'padded'", "'x'"),
    "numeric(5,2)": ("99.90", "-0.01", "0"),
    "mood": ("'good'", "'bad'"),
}
KINDS = {
    "smallint": Kind.INTEGER,
    "integer": Kind.INTEGER,
    "bigint": Kind.BIGINT,
    "boolean": Kind.BOOLEAN,
    "date": Kind.DATE,
    "timestamptz": Kind.TIMESTAMP,
    "timestamptz(3)": Kind.TIMESTAMP,
    "uuid": Kind.UUID,
    "numeric(5,2)": Kind.PERCENT,
}


@pytest.mark.parametrize("nulls", ["none", "some", "all", "refused"])
@pytest.mark.parametrize("kind", COLUMNS)
def test_values_arrive_as_in_rows(school: School, kind: str, nulls: str) -> None:
    """A length that is taken for a value, or the other way round, shifts all values behind it."""
    school.run("CREATE TYPE mood AS ENUM ('good', 'bad')")
    values = {"all": ("NULL",), "some": ("NULL", *COLUMNS[kind], "NULL", "NULL")}.get(nulls, COLUMNS[kind])
    needs = "NOT NULL" if nulls == "refused" else ""
    _execute(school, f"CREATE TABLE things (thing {kind} {needs}, number integer)")
    for _ in range(3):
        _execute(school, f"INSERT INTO things VALUES {', '.join(f'({value}, 1)' for value in values)}")
    plain, packed = _both_ways(school, KINDS.get(kind, Kind.TEXT))
    assert packed.num_rows == 3 * len(values)
    assert packed.column("thing").to_pylist() == plain.column("thing").to_pylist()
    assert packed.column("number").to_pylist() == [1] * packed.num_rows


def test_a_long_text_does_not_hide_an_empty_one_at_the_end(school: School) -> None:
    """The two lengths have as many bytes that are 0 as those of two short texts."""
    _execute(school, "CREATE TABLE things (thing text, number integer)")
    _execute(school, "INSERT INTO things VALUES (repeat('c', 300), 1), ('', 1)")
    _, packed = _both_ways(school, Kind.TEXT)
    assert packed.column("thing").to_pylist() == ["c" * 300, ""]


@pytest.mark.parametrize(
    "columns",
    [
        "thing uuid, number integer",
        "thing timestamptz, number bigint",
        "thing date, number smallint",
        "number bigint, thing boolean",
        "number integer, thing bigint",
    ],
)
def test_an_integer_rides_with_another_column(school: School, columns: str) -> None:
    """The first of each row of the result is not sent: it must come out of what all the others leave."""
    _execute(school, f"CREATE TABLE things ({columns.replace(',', ' NOT NULL,')} NOT NULL)")
    kind = next(part.split()[1] for part in columns.split(", ") if part.startswith("thing"))
    values = itertools.cycle(COLUMNS[kind])
    numbers = (-1, 7, 0, -32768, 32767, 7)
    for number in numbers:
        _execute(school, f"INSERT INTO things (thing, number) VALUES ({next(values)}, {number})")
    plain, packed = _both_ways(school, KINDS[kind])
    assert packed.column("number").to_pylist() == list(numbers)
    assert packed.to_pylist() == plain.to_pylist()


def test_the_first_integer_of_each_range_of_pages_is_found(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.packed.PAGES", 2)
    _execute(school, "CREATE TABLE things (thing uuid NOT NULL, number bigint NOT NULL)")
    _execute(
        school,
        "INSERT INTO things SELECT gen_random_uuid(), (random() * 9e18)::bigint - number "
        "FROM generate_series(1, 5000) AS number",
    )
    plain, packed = _both_ways(school, Kind.UUID, number=Kind.BIGINT, pages="9999")
    assert packed.num_rows == 5000
    assert packed.to_pylist() == plain.to_pylist()


@pytest.mark.parametrize("value", ["infinity", "-infinity"])
def test_an_infinite_moment_stays_before_the_year_1(school: School, value: str) -> None:
    """Arrival refuses it there; anywhere else it would be a date like any other."""
    _execute(school, "CREATE TABLE things (thing timestamptz, number integer)")
    _execute(school, f"INSERT INTO things VALUES ('{value}', 1), ('{MOMENT}', 1)")
    _, packed = _both_ways(school, Kind.TIMESTAMP)
    moments = packed.column("thing").cast(pa.int64()).to_pylist()
    assert moments[0] < -62_135_596_800_000_000 < moments[1]


def test_a_promise_that_was_not_checked_is_no_promise(school: School) -> None:
    """With NOT NULL … NOT VALID old rows may have NULL: values of a fixed width would move up."""
    _execute(school, "CREATE TABLE things (thing integer, number integer)")
    _execute(school, "INSERT INTO things VALUES (7, 1), (NULL, 1), (9, 1)")
    _execute(school, "ALTER TABLE things ADD CONSTRAINT filled NOT NULL thing NOT VALID")
    plain, packed = _both_ways(school, Kind.INTEGER)
    assert packed.column("thing").to_pylist() == plain.column("thing").to_pylist() == [7, None, 9]


def test_rows_come_once_however_the_pages_are_divided(school: School) -> None:
    _execute(school, "CREATE TABLE things (thing integer NOT NULL, number integer)")
    _execute(school, "INSERT INTO things SELECT number, number FROM generate_series(1, 200000) AS number")
    _execute(school, "DELETE FROM things WHERE thing BETWEEN 1000 AND 150000")
    with open_source(school.url) as source:
        table = describe(source, ["things"])["things"]
        assert table.pages > 3 * 256
        found = []
        for first, last, end in ((0, 1, 1), (1, 300, 300), (300, 400, 2**32 - 1)):
            found += _numbers(source, table, first, last, end)
    assert sorted(found) == [*range(1, 1000), *range(150_001, 200_001)]


def test_a_platform_arrives_packed_as_it_does_row_by_row(
    school: School, monkeypatch: pytest.MonkeyPatch, scratch: Callable[[], object]
) -> None:
    """Only tables too large for tests are read packed: the columns of the others would never be."""
    generate(school.url, learners=30, events=3_000, days=60, seed=3, as_of=AS_OF)
    by_rows = scratch()
    monkeypatch.setattr("ingest.read.PARALLEL_PAGES", -1)
    monkeypatch.setattr("ingest.packed.PAGES", 3)
    school.ingest()
    assert school.contents() == by_rows


def _numbers(source: Source, table: SourceTable, first: int, last: int, end: int) -> list[int]:
    columns = list(table.columns.values())
    settings = {"first": str(first), "last": str(last), "end": str(end)}
    packing = Packing("things", columns)
    batches = map(packing.opened, source.batches(packing.sql(), settings))
    return [number for batch in batches for number in batch.column("thing").to_pylist()]


def _both_ways(
    school: School, kind: Kind, number: Kind = Kind.INTEGER, pages: str = "1"
) -> tuple[pa.Table, pa.Table]:
    """The table `things` read by rows and packed."""
    with open_source(school.url) as source:
        found = describe(source, ["things"])["things"]
        columns = (Column("thing", kind, "thing"), Column("number", number, "number"))
        fit = TableFit(TableSpec("things", key=(), columns=columns), found)
        plain = pa.Table.from_batches(read(source, fit, lambda batch: batch))
        packing = Packing("things", [found.columns[column.source] for column in columns])
        batches = source.batches(packing.sql(), ALL | {"last": pages})
        packed = [packing.opened(batch) for batch in batches]
        assert [batch.schema for batch in packed] == [packed[0].schema]
        return plain, pa.Table.from_batches(packed)


def _execute(school: School, sql: str) -> None:
    school.source.execute(sql.encode())
