"""POST /sql: what it answers, and everything it must refuse."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

from tests.api.serving import BASE, bearer, client_of, settings_for
from tests.api.snapshot_factory import CURIE, LINCOLN, NOWHERE

ANALYST = bearer("analyst")
OF_LINCOLN = bearer("analyst", LINCOLN)


def ask(client: httpx.Client, query: str, headers: dict[str, str] = ANALYST, **body: Any) -> httpx.Response:
    """The answer to a query."""
    return client.post(f"{BASE}/sql", json={"query": query, **body}, headers=headers, timeout=60)


def rows(client: httpx.Client, query: str, headers: dict[str, str] = ANALYST, **body: Any) -> list[list[Any]]:
    """The rows of a query that must succeed."""
    answer = ask(client, query, headers, **body)
    assert answer.status_code == 200, answer.text
    found: list[list[Any]] = answer.json()["data"]["rows"]
    return found


def test_a_result_has_columns_with_types(small: httpx.Client) -> None:
    answer = ask(small, "SELECT school_key, count(*) AS days FROM fct_user_day GROUP BY ALL ORDER BY 1")
    data = answer.json()["data"]
    assert data["columns"] == [{"name": "school_key", "type": "INTEGER"}, {"name": "days", "type": "BIGINT"}]
    assert data["rows"] == [[0, 400], [1, 400], [2, 400]]
    assert data["truncated"] is False
    assert answer.headers["Cache-Control"] == "private, max-age=0"


@pytest.mark.parametrize(
    "query",
    [
        "FROM dim_course",
        "TABLE dim_course",
        "SELECT * FROM dim_course;",
        "SELECT * FROM dim_course -- with a comment",
        "WITH maths AS (SELECT * FROM dim_course) SELECT * FROM maths UNION ALL SELECT * FROM maths LIMIT 2",
        "SELECT c.title, row_number() OVER (ORDER BY title) FROM dim_course AS c",
        "SELECT * FROM dim_course PIVOT (count(*) FOR title IN ('Algebra'))",
        "SELECT unnest([1, 2])",
        "SELECT list_transform([1, 2], lambda x: x + 1) FROM range(2)",
        "WITH RECURSIVE n AS (SELECT 1 AS x UNION ALL SELECT x + 1 FROM n WHERE x < 2) SELECT * FROM n",
        "SELECT current_date FROM dim_course",
        "VALUES (1), (2)",
    ],
)
def test_ordinary_selects_work(small: httpx.Client, query: str) -> None:
    assert len(rows(small, query)) in (1, 2)


def test_rows_beyond_the_limit_are_cut_and_said_so(small: httpx.Client) -> None:
    answer = ask(small, "SELECT * FROM fct_user_day", limit=10)
    assert len(answer.json()["data"]["rows"]) == 10
    assert answer.json()["data"]["truncated"] is True
    assert ask(small, "SELECT * FROM range(10)", limit=10).json()["data"]["truncated"] is False


def test_a_result_of_too_many_bytes_is_cut(small: httpx.Client) -> None:
    answer = ask(small, "SELECT repeat('x', 1000000) FROM range(100)", limit=100)
    assert answer.json()["data"]["truncated"] is True
    assert len(answer.json()["data"]["rows"]) < 21


def read_file(content: bytes, kind: str) -> pa.Table:
    """The rows of a file, whatever its format."""
    if kind == "parquet":
        return pyarrow.parquet.read_table(io.BytesIO(content))
    if kind == "arrow":
        return pa.ipc.open_stream(content).read_all()
    return pyarrow.csv.read_csv(io.BytesIO(content))


@pytest.mark.parametrize("kind", ["parquet", "arrow", "csv"])
def test_a_file_holds_the_rows_of_the_json_answer(small: httpx.Client, kind: str) -> None:
    query = "SELECT school_key, count(*) AS days, max(activity_date) AS last FROM fct_user_day GROUP BY 1"
    answer = small.post(
        f"{BASE}/sql", params={"format": kind}, json={"query": query}, headers=ANALYST, timeout=60
    )
    found = read_file(answer.content, kind).to_pylist()
    seen = [[row["school_key"], row["days"], str(row["last"])] for row in found]
    assert sorted(seen) == sorted(rows(small, query))
    assert (answer.headers["X-Truncated"], answer.headers["Cache-Control"]) == ("false", "private, max-age=0")


def test_a_file_may_be_asked_for_by_accept(small: httpx.Client) -> None:
    headers = ANALYST | {"Accept": "application/vnd.apache.parquet"}
    answer = ask(small, "SELECT 1 AS one", headers)
    assert answer.headers["Content-Type"] == "application/vnd.apache.parquet"
    assert read_file(answer.content, "parquet").to_pylist() == [{"one": 1}]


def test_a_file_is_cut_at_the_limit_and_says_so(small: httpx.Client) -> None:
    """A file has no envelope: without the header a cut result would look whole."""
    for query, limit, found, truncated in (
        ("SELECT * FROM range(10)", 10, 10, "false"),
        ("SELECT * FROM range(5000)", 4999, 4999, "true"),
        ("SELECT repeat('x', 1000000) FROM range(100)", 100, 0, "true"),
    ):
        answer = small.post(
            f"{BASE}/sql",
            params={"format": "arrow"},
            json={"query": query, "limit": limit},
            headers=ANALYST,
            timeout=60,
        )
        assert (read_file(answer.content, "arrow").num_rows, answer.headers["X-Truncated"]) == (
            found,
            truncated,
        )


@pytest.mark.parametrize(
    "query", ["SELECT nothing FROM dim_course", "SELECT [1] AS list", "DROP TABLE dim_course"]
)
def test_a_file_that_cannot_be_made_is_an_error_like_any_other(small: httpx.Client, query: str) -> None:
    answer = small.post(
        f"{BASE}/sql", params={"format": "csv"}, json={"query": query}, headers=ANALYST, timeout=60
    )
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] in ("query_failed", "query_refused")


def test_every_type_becomes_json(small: httpx.Client) -> None:
    query = (
        "SELECT 170141183460469231731687303715884105727, 1.5::DECIMAL(9, 2), 'nan'::DOUBLE,"
        " DATE '2026-03-02', TIMESTAMP '2026-03-02 01:30:00', 'a'::BLOB, MAP {1: 2}, {'a': [1]},"
        " INTERVAL 1 DAY, TIME '10:00',"
        " 'infinity'::DATE, TIMESTAMP '290000-01-01', uuid() IS NULL, NULL"
    )
    (row,) = rows(small, query)
    assert row[0] == "170141183460469231731687303715884105727"
    assert row[1:4] == [1.5, None, "2026-03-02"]
    assert row[4:8] == ["2026-03-02T01:30:00Z", "61", {"1": 2}, {"a": [1]}]
    assert row[12:] == [False, None]


@pytest.mark.parametrize(
    ("headers", "schools"),
    [
        (ANALYST, [0, 1, 2]),
        (bearer("admin"), [0, 1, 2]),
        (OF_LINCOLN, [1]),
        (bearer("analyst", CURIE), [2]),
        (bearer("analyst", NOWHERE), []),
    ],
)
def test_a_schools_analyst_sees_that_school_only(
    small: httpx.Client, headers: dict[str, str], schools: list[int]
) -> None:
    assert rows(small, "SELECT DISTINCT school_key FROM fct_user_day ORDER BY 1", headers) == [
        [key] for key in schools
    ]


def test_a_schools_analyst_joins_shared_and_scoped_marts(small: httpx.Client) -> None:
    assert rows(small, "SELECT count(*) FROM dim_course, dim_user", OF_LINCOLN) == [[40]]
    assert rows(small, "SELECT scope, scope_key FROM leaderboard ORDER BY 1", OF_LINCOLN) == [
        ["class", 1],
        ["school", 1],
    ]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (bearer("admin", LINCOLN), 403),
        (bearer("teacher"), 403),
        (bearer("student"), 403),
        (bearer("admin"), 200),
    ],
)
def test_who_may_run_sql(small: httpx.Client, headers: dict[str, str], status: int) -> None:
    assert ask(small, "SELECT 1", headers).status_code == status


HOSTILE = [
    # other statements
    "CREATE TABLE t AS SELECT 1",
    "DROP TABLE dim_course",
    "INSERT INTO dim_course VALUES (1)",
    "UPDATE dim_course SET title = 'x'",
    "DELETE FROM dim_course",
    "ATTACH 'x.duckdb'",
    "DETACH marts",
    "COPY dim_course TO '/tmp/stolen.csv'",
    "COPY (SELECT 1) TO '/tmp/stolen.parquet'",
    "EXPORT DATABASE '/tmp/stolen'",
    "IMPORT DATABASE '/tmp/stolen'",
    "INSTALL httpfs",
    "LOAD httpfs",
    "SET memory_limit = '100GB'",
    "RESET memory_limit",
    "SET VARIABLE x = 1",
    "PRAGMA database_list",
    "PRAGMA table_info('dim_course')",
    "CALL pragma_version()",
    "CHECKPOINT",
    "VACUUM",
    "BEGIN",
    "USE memory",
    "EXPLAIN SELECT * FROM dim_course",
    "EXPLAIN ANALYZE SELECT 1",
    "PREPARE p AS SELECT 1",
    "EXECUTE p",
    "CREATE SECRET s (TYPE S3)",
    "CREATE MACRO f() AS 1",
    "PIVOT dim_course ON title",
    # several at once
    "SELECT 1; SELECT 2",
    "SELECT 1; DROP TABLE dim_course",
    "; ; ",
    "",
    "-- nothing",
    # catalogue and server
    "SHOW TABLES",
    "SHOW ALL TABLES",
    "DESCRIBE dim_course",
    "SUMMARIZE dim_course",
    "SELECT * FROM (DESCRIBE dim_course)",
    "SELECT * FROM duckdb_settings()",
    "SELECT * FROM duckdb_databases()",
    "SELECT * FROM duckdb_secrets()",
    "SELECT * FROM duckdb_tables",
    "SELECT * FROM information_schema.tables",
    "SELECT * FROM pg_catalog.pg_class",
    "SELECT * FROM sqlite_master",
    "SELECT * FROM pragma_database_list",
    "SELECT * FROM pragma_storage_info('dim_course')",
    "SELECT current_setting('temp_directory')",
    "SELECT version()",
    "SELECT getenv('SCHOOLHOUSE_JWT_SECRET')",
    "SELECT getvariable('x')",
    "SELECT current_database()",
    "SELECT current_query()",
    "SELECT stats(school_key) FROM fct_user_day",
    "SELECT pg_typeof(1)",
    "SELECT pg_sleep(1)",
    "SELECT nextval('s')",
    "SELECT write_log('x')",
    # files and network
    "SELECT * FROM '/etc/passwd'",
    "SELECT * FROM 'https://example.test/x.parquet'",
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM READ_CSV_AUTO('/etc/passwd')",
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM read_blob('/proc/self/environ')",
    "SELECT * FROM read_parquet('x')",
    "SELECT * FROM parquet_metadata('x')",
    "SELECT * FROM read_json('x')",
    "SELECT * FROM read_duckdb('identity.duckdb')",
    "SELECT * FROM glob('/**')",
    "SELECT * FROM sniff_csv('/etc/passwd')",
    "SELECT (SELECT content FROM read_text('/etc/passwd'))",
    "WITH x AS (SELECT * FROM read_text('/etc/passwd')) SELECT * FROM x",
    "SELECT * FROM dim_course WHERE title IN (SELECT content FROM read_text('/etc/passwd'))",
    "SELECT * FROM dim_course, LATERAL (SELECT * FROM read_text(title))",
    # people and other catalogues
    "SELECT * FROM identity.users",
    "SELECT * FROM identity.main.users",
    "SELECT * FROM users",
    "SELECT * FROM marts.main.fct_user_day",
    "SELECT * FROM marts.fct_user_day",
    "SELECT * FROM main.dim_course",
    "SELECT * FROM system.main.duckdb_tables",
    # SQL and pointers in disguise
    "SELECT * FROM query('SELECT 1')",
    "SELECT * FROM query_table('dim_course')",
    "SELECT * FROM json_execute_serialized_sql('x')",
    "SELECT json_serialize_plan('SELECT * FROM marts.main.fct_user_day')",
    "SELECT json_serialize_sql('SELECT 1')",
    "SELECT * FROM arrow_scan(1, 1, 1)",
    "SELECT * FROM pandas_scan(1)",
    "SELECT * FROM seq_scan('x')",
    "SELECT * FROM enable_logging()",
    "SELECT * FROM force_checkpoint()",
    "SELECT main.version()",
    "SELECT system.main.version()",
    "SELECT * FROM httpx",
    "SELECT * FROM request",
    "SELECT ?",
    "SELECT $1",
    # names that stand for something else outside their WITH
    "SELECT * FROM (WITH duckdb_tables AS (SELECT 1) FROM duckdb_tables) AS a, duckdb_tables AS b",
    "SELECT * FROM (WITH pg_class AS (SELECT 1) FROM pg_class) AS a, pg_class AS b",
    "SELECT * FROM (WITH \"/etc/passwd\" AS (SELECT 1) FROM \"/etc/passwd\") AS a, '/etc/passwd' AS b",
    # no SQL at all, or wrong SQL
    "SELEC 1",
    "SELECT 'open",
    "SELECT nothing FROM dim_course",
    "SELECT * FROM nothing",
    "SELECT 1/0::INTEGER, 'x'::INTEGER",
    "SELECT error('secret value')",
    "\x00",
    "SELECT * FROM dim_course AT (VERSION => 1)",
    "(" * 5000 + "1" + ")" * 5000,
    "SELECT " + "-" * 4000 + "1",
    # comments, other letters and other writings of what is refused
    "/* SELECT */ DROP TABLE dim_course /* 1 */",
    "SELECT 1 /* ; */ ; /* */ DELETE FROM dim_course",
    "SELECT * FROM/**/read_text/**/('/etc/passwd')",
    "SELECT * FROM \"read_text\"('/etc/passwd')",
    "SELECT * FROM main.read_text('/etc/passwd')",
    "FROM '/proc/self/environ'",
    "FROM 'file:///etc/passwd'",
    "FROM 's3://bucket/x.parquet'",
    "SELECT * FROM \"identity\".\"users\"",
    "SELECT * FROM IDENTITY.MAIN.USERS",
    "SELECT getenv(chr(80) || 'ATH')",
    "SELECT COLUMNS(*) FROM duckdb_columns()",
    "SELECT (FROM read_blob('/etc/shadow'))",
    "SELECT * FROM dim_course UNION ALL SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM dim_course WHERE EXISTS (FROM glob('/root/*'))",
    "SELECT * FROM dim_course ORDER BY (SELECT count(*) FROM read_text('/etc/passwd'))",
    "MERGE INTO dim_course USING dim_course AS other ON true WHEN MATCHED THEN DELETE",
    "ALTER TABLE dim_course ADD COLUMN x INTEGER",
    "COMMENT ON TABLE dim_course IS 'x'",
    "UPDATE EXTENSIONS",
]  # fmt: skip


@pytest.fixture(scope="module")
def short(small_data: Path) -> Iterator[httpx.Client]:
    """A server whose queries may take a second."""
    with client_of(settings_for(small_data, sql_timeout_seconds=1, sql_memory_limit="256MB")) as client:
        yield client


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_hostile_queries_are_refused(small: httpx.Client, number: int) -> None:
    # Every second one as the analyst of a school, whose queries run on views.
    answer = ask(small, HOSTILE[number], (ANALYST, OF_LINCOLN)[number % 2])
    assert answer.status_code in (400, 422), answer.text
    error = answer.json()["error"]
    assert set(error) == {"code", "message", "details"}
    for secret in ("secret value", "/work", "LINE 1", "Traceback", "snapshots"):
        assert secret not in answer.text


def test_enough_hostile_queries_are_tried() -> None:
    assert len(set(HOSTILE)) >= 130


def test_a_mart_of_the_platform_does_not_exist_for_a_school(small: httpx.Client) -> None:
    assert ask(small, "FROM platform_totals", OF_LINCOLN).status_code == 400
    assert rows(small, "FROM platform_totals") == [["events", 1200]]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT count(*) FROM range(100000000000)",
        "SELECT len(range(300000000))",
        "SELECT string_agg(range::VARCHAR, '') FROM range(100000000)",
        "SELECT length(repeat('x', 2000000000) || repeat('y', 2000000000))",
        "WITH RECURSIVE a AS (SELECT 'x' AS s UNION ALL SELECT s || s FROM a) SELECT max(length(s)) FROM a",
    ],
)
def test_a_query_cannot_take_the_machine(short: httpx.Client, query: str) -> None:
    """DuckDB's limits alone let some of these take 18 GB and three minutes."""
    assert rows(short, "SELECT 1") == [[1]]
    began = time.monotonic()
    answer = ask(short, query)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] in ("query_timeout", "query_memory", "query_failed")
    assert time.monotonic() - began < 60
    assert rows(short, "SELECT 1") == [[1]]
