"""Chunks of a table as one stream: what is new in the midst of it, and what is wrong there."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import duckdb
import pyarrow as pa
import pytest

from ingest.errors import ValueRefusedError
from ingest.flow import Flow
from tests.ingest.conftest import School

EVENTS = """
INSERT INTO analytics (user_id, event_type, created_at)
SELECT %s, 'login', timestamptz '2026-01-01' + number * interval '1 minute'
FROM generate_series(1, 9000) AS number
"""


@pytest.fixture
def in_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some hundred rows a chunk, by two readers."""
    monkeypatch.setattr("ingest.read.PARALLEL_PAGES", 7)
    monkeypatch.setattr("ingest.packed.PAGES", 4)
    monkeypatch.setattr("ingest.source.BATCH_BYTES", 10_000)


def _rows(*numbers: int) -> pa.Table:
    return pa.table({"number": pa.array(numbers, pa.int64())})


def _read(flow: Flow[pa.Table]) -> list[int]:
    # In this thread: what DuckDB's threads do is not traced for coverage.
    return flow.reader().read_all()["number"].to_pylist()


def test_it_ends_before_the_first_chunk_that_is_not_ready() -> None:
    chunks = iter([_rows(2, 3), _rows(4), _rows(5), _rows(6)])
    flow = Flow(_rows(1), chunks, lambda chunk: None if chunk["number"][0].as_py() == 5 else chunk)
    assert _read(flow) == [1, 2, 3, 4]
    assert flow.held_back is not None
    assert flow.held_back["number"].to_pylist() == [5]
    assert [chunk["number"].to_pylist() for chunk in chunks] == [[6]]
    assert flow.error is None


def test_an_error_of_the_source_is_not_duckdbs() -> None:
    def broken() -> Iterator[pa.Table]:
        yield _rows(2)
        raise KeyboardInterrupt

    flow = Flow(_rows(1), broken(), lambda chunk: chunk)
    with duckdb.connect(config={"threads": 2}) as connection:
        connection.register("flow", flow.reader())
        assert connection.execute("SELECT sum(number) FROM flow").fetchall() == [(3,)]
    assert isinstance(flow.error, KeyboardInterrupt)


def test_a_stream_that_is_dropped_has_no_error() -> None:
    """DuckDB drops it when its statement fails: that is told by DuckDB."""
    flow = Flow(_rows(1), map(_rows, range(2, 50)), lambda chunk: chunk)
    reader = flow.reader()
    assert [reader.read_next_batch().num_rows for _ in range(3)] == [1, 1, 1]
    del reader
    assert flow.error is None


@pytest.mark.usefixtures("in_chunks")
def test_strangers_and_far_dates_in_the_midst_of_a_table(
    school: School, scratch: Callable[[], object]
) -> None:
    """A key or an offset that is not there yet must be written down before the rows that need it."""
    school.run(EVENTS, school.user(school.school("Asia/Kolkata")))
    school.run(
        "INSERT INTO analytics (user_id, event_type, created_at) "
        "SELECT gen_random_uuid(), 'login', timestamptz '1950-01-01' + number * interval '40 days' "
        "FROM generate_series(1, 1000) AS number"
    )
    school.run(EVENTS, school.user())
    table = school.ingest().table("analytics")
    assert table.rows_inserted == 19_000
    assert school.value("SELECT count(DISTINCT user_key) FROM raw.analytics") == 1_002
    assert school.value("SELECT count(*) FROM raw.analytics WHERE local_date IS NULL") == 0
    assert school.contents() == scratch()


@pytest.mark.usefixtures("in_chunks")
@pytest.mark.parametrize(
    ("value", "message"),
    [("4000000000", "1 values do not fit INTEGER"), ("NULL", "NULL in 1 rows")],
)
def test_a_value_refused_in_the_midst_of_a_table(school: School, value: str, message: str) -> None:
    user = school.user()
    school.run("ALTER TABLE analytics ALTER xp_earned TYPE bigint, ALTER xp_earned DROP NOT NULL")
    school.run(EVENTS, user)
    school.source.execute(f"UPDATE analytics SET xp_earned = {value} WHERE id = 5000".encode())
    with pytest.raises(ValueRefusedError, match=rf"^analytics\.xp_earned: {message}"):
        school.ingest()
    assert school.value("SELECT count(*) FROM raw.analytics") == 0
