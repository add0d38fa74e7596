"""The process of POST /sql, spoken to as the API does, and ended by the end of its input."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import duckdb
import polars as pl
import pytest

from api.sql.worker import Request, read_frame, write_frame
from tests.api.test_sql import HOSTILE

MEMORY = 1 << 30


class Asked:
    """Questions for one process, all on the marts of a snapshot."""

    def __init__(self, marts: Path) -> None:
        with duckdb.connect(marts, read_only=True) as connection:
            rows = connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()
        self._marts, self.tables = marts, [str(name) for (name,) in rows]
        self._requests = io.BytesIO()

    def put(
        self,
        query: str,
        *,
        kind: str = "json",
        limit: int = 100,
        largest_bytes: int = 1_000_000,
        seconds: float = 60.0,
        views: dict[str, str] | None = None,
    ) -> None:
        """One more question."""
        asked = Request(
            marts=str(self._marts),
            tables=self.tables,
            views=views,
            query=query,
            limit=limit,
            timeout_seconds=seconds,
            memory_limit="256MB",
            threads=1,
            largest_bytes=largest_bytes,
            format=kind,
        )
        write_frame(self._requests, json.dumps(asked.__dict__).encode())

    def answers(self) -> list[bytes]:
        """What the process says to all of them; it must end by itself."""
        command = [sys.executable, "-m", "api.sql.worker", str(MEMORY)]
        done = subprocess.run(
            command, input=self._requests.getvalue(), capture_output=True, check=True, timeout=600
        )
        stream, found = io.BytesIO(done.stdout), []
        while (frame := read_frame(stream)) is not None:
            found.append(frame)
        assert found[0] == b"ready"
        return found[1:]


@pytest.fixture
def asked(small_data: Path) -> Asked:
    """Nothing asked yet."""
    return Asked(small_data / "snapshots" / "current" / "marts.duckdb")


def test_rows_are_told_with_types_and_cut_where_they_must_be(asked: Asked) -> None:
    """Guards against digits that get lost, and against a cut that nobody is told of."""
    asked.put(
        "SELECT 1::HUGEINT << 70 AS large, [1, NULL] AS list, {'a': 2} AS struct, 1.5::DECIMAL(3, 1) AS share"
    )
    asked.put("SELECT '\\x01'::BLOB AS bytes, DATE '2026-03-01' AS day, MAP {'k': 1} AS pairs")
    asked.put("SELECT range AS number FROM range(1000)", limit=7)
    asked.put("SELECT range AS number FROM range(1000)", largest_bytes=20)
    plain, others, short, small = (json.loads(answer[1:]) for answer in asked.answers())
    assert plain["rows"] == [[str(1 << 70), [1, None], {"a": 2}, 1.5]]
    assert [column["type"] for column in others["columns"]][:2] == ["BLOB", "DATE"]
    assert others["rows"][0][:2] == ["01", "2026-03-01"]
    assert (short["truncated"], [row[0] for row in short["rows"]]) == (True, list(range(7)))
    assert small["truncated"]
    assert 0 < len(small["rows"]) < 20


def test_files_hold_the_rows_and_say_when_they_are_cut(asked: Asked) -> None:
    """Guards against a download that ends early and looks whole."""
    query = "SELECT range AS number FROM range(5000)"
    asked.put(query, kind="parquet", limit=10_000)
    asked.put(query, kind="csv", limit=10)
    asked.put(query, kind="arrow", limit=10_000, largest_bytes=100)
    whole, cut, few = asked.answers()
    assert (whole[:1], cut[:1], few[:1]) == (b"=", b"~", b"~")
    assert pl.read_parquet(io.BytesIO(whole[1:]))["number"].to_list() == list(range(5000))
    assert cut[1:].decode().replace('"', "").split() == ["number", *map(str, range(10))]


def test_a_school_sees_its_rows_under_the_name_of_the_mart(asked: Asked) -> None:
    """Guards against a query that reads around the view of the school's rows."""
    views = dict.fromkeys(asked.tables, "school_key = 1") | {"dim_school": "school_key = 1"}
    asked.put(
        "WITH own AS (SELECT school_key FROM dim_school) SELECT DISTINCT school_key FROM own", views=views
    )
    (answer,) = asked.answers()
    assert json.loads(answer[1:])["rows"] == [[1]]


def test_what_fails_is_told_by_code_and_ends_nothing(asked: Asked) -> None:
    """Guards against a process that dies of one query and takes the next one along."""
    for query in HOSTILE:
        asked.put(query)
    told = [
        ("SELECT nothing FROM dim_school", "query_failed"),
        ("SELECT 'x'::INTEGER", "query_failed"),
        ("SELECT count(*) FROM range(1000000000000)", "query_timeout"),
        ("SELECT 1; SELECT 2", "query_refused"),
    ]
    for query, _ in told:
        asked.put(query, seconds=0.5)
    asked.put("SELECT 1 AS one")
    *refused, last = asked.answers()
    codes = [json.loads(answer[1:])["code"] for answer in refused if answer[:1] == b"-"]
    assert len(codes) == len(HOSTILE) + len(told)
    assert codes[-len(told) :] == [code for _, code in told]
    assert json.loads(last[1:])["rows"] == [[1]]
