"""Small parts on their own, where a request could reach them only by luck."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest

from api import openapi, respond, telemetry
from api.errors import Unavailable
from api.marts import keyset
from api.marts.asked import Asked, Order, read_asked
from api.marts.values import parse
from api.openapi import route_table
from api.opening import open_snapshot
from api.queries.rows import first_with_ties
from api.routes.builds import Build
from api.runs import RunState
from api.scope import Caller, Scope, resolve
from api.sql import sandbox
from api.sql.guard import LONGEST_QUERY, RefusedError, check
from api.sql.sandbox import Query, QueryError, Sandboxes, bytes_of
from api.tokens import Role
from tests.api.serving import BASE, bearer, settings_for
from tests.api.snapshot_factory import CURIE, LINCOLN, NOWHERE, publish, user_id

MOMENT = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "column_type", "value"),
    [
        ("-7", "BIGINT", -7),
        ("1.50", "DECIMAL(9,2)", Decimal("1.50")),
        ("1e3", "DOUBLE", 1000.0),
        ("a.b", "VARCHAR", "a.b"),
        ("true", "BOOLEAN", True),
        ("false", "BOOLEAN", False),
        ("2026-03-02", "DATE", date(2026, 3, 2)),
        ("2026-03-02T02:30:00+01:00", "TIMESTAMP", MOMENT.replace(tzinfo=None)),
        ("2026-03-02T01:30:00", "TIMESTAMP", MOMENT.replace(tzinfo=None)),
        ("2026-03-02T01:30:00", "TIMESTAMP WITH TIME ZONE", MOMENT),
        ("2026-03-02T02:30:00+01:00", "TIMESTAMP WITH TIME ZONE", MOMENT),
        (str(LINCOLN), "UUID", LINCOLN),
    ],
)
def test_values_are_bound_as_their_columns_type(text: str, column_type: str, value: Any) -> None:
    assert parse(text, column_type) == value


@pytest.mark.parametrize(
    ("text", "column_type"),
    [
        ("١٢", "INTEGER"),
        ("9223372036854775808", "BIGINT"),
        ("NaN", "DECIMAL(9,2)"),
        ("1e400", "DECIMAL(9,2)"),
        ("1" * 31, "DECIMAL(38,0)"),
        ("inf", "DOUBLE"),
        ("yes", "BOOLEAN"),
        ("02.03.2026", "DATE"),
        ("x", "UUID"),
        ("1", "INTEGER[]"),
    ],
)
def test_other_values_are_refused_without_repeating_them(text: str, column_type: str) -> None:
    with pytest.raises(ValueError, match=r"must be|cannot be compared") as refusal:
        parse(text, column_type)
    assert text not in str(refusal.value) or len(text) == 1


def test_an_order_without_a_grain_uses_every_column() -> None:
    """Without a total order, pages repeat rows."""
    asked = read_asked({"a": "INTEGER", "b": "VARCHAR"}, (), None, "b.desc", [])
    assert asked.order == (Order("b", is_descending=True), Order("a"))


def test_a_token_holds_a_text_of_any_length() -> None:
    """Rows ordered by a long title ended with the page before it: its own `next` was refused."""
    asked, title = Asked(("title",), (), (Order("title"),)), "x" * 5_000
    token = keyset.encode("dim_lesson", asked, [title])
    assert keyset.decode(token, "dim_lesson", asked, {"title": "VARCHAR"}) == [title]


@pytest.mark.parametrize("values", [["x", "2026-03-02"], ["7", "yesterday"]])
def test_a_token_with_values_of_another_type_is_refused(small: httpx.Client, values: list[str]) -> None:
    asked = Asked(("user_key",), (), (Order("user_key"), Order("activity_date")))
    token = keyset.encode("fct_user_day", asked, values)
    answer = small.get(f"{BASE}/marts/fct_user_day", headers=bearer("admin"), params={"next": token})
    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("caller", "platform", "school_key", "sees"),
    [
        (Caller(user_id(1), Role.ADMIN), True, -1, {0, 1, 2}),
        (Caller(user_id(1), Role.ANALYST), True, -1, {0, 1, 2}),
        (Caller(user_id(1), Role.ADMIN, LINCOLN), False, 1, {1}),
        (Caller(user_id(1), Role.ANALYST, CURIE), False, 2, {2}),
        (Caller(user_id(1), Role.TEACHER, LINCOLN), False, 1, {1}),
        (Caller(user_id(1), Role.TEACHER), False, 0, {0}),
        (Caller(user_id(1), Role.STUDENT), False, 0, {0}),
        (Caller(user_id(1), Role.ADMIN, NOWHERE), False, -1, set()),
    ],
)
def test_scopes(small_data: Path, caller: Caller, platform: bool, school_key: int, sees: set[int]) -> None:
    snapshot = open_snapshot((small_data / "snapshots" / "current").resolve(), settings_for(small_data))
    scope = resolve(caller, snapshot)
    assert scope == Scope(caller, platform, school_key, 1)
    assert {key for key in range(3) if scope.sees(key)} == sees
    assert resolve(Caller(NOWHERE, Role.STUDENT), snapshot).user_key is None
    snapshot.release()


def test_the_document_is_json_whatever_a_route_returns() -> None:
    build = Build(
        run_id="one",
        command="nightly",
        state=RunState.FAILED,
        started_at=MOMENT,
        finished_at=None,
        as_of=None,
        snapshot_id=None,
        error=None,
    )
    assert b'"started_at":"2026-03-02T01:30:00Z"' in respond.dumps(build)
    assert respond.dumps({"sum": Decimal("1.5"), "none": float("nan")}) == b'{"sum":1.5,"none":null}'
    with pytest.raises(TypeError, match="not JSON"):
        respond.dumps(object())


def test_an_open_route_under_the_base_path_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """A route without a caller would answer with somebody's figures to anybody's token."""
    monkeypatch.setattr(openapi, "ROUTERS", openapi.OPEN_ROUTERS)
    with pytest.raises(RuntimeError, match="is open"):
        route_table()


def test_metrics_without_a_snapshot_have_no_age(tmp_path: Path) -> None:
    assert b"schoolhouse_requests" in telemetry.exposition(None)


@pytest.mark.parametrize(("size", "expected"), [("512MB", 512 * 10**6), ("1.5 GiB", 3 * 2**29), ("7", 7)])
def test_sizes(size: str, expected: int) -> None:
    assert bytes_of(size) == expected


@pytest.mark.parametrize("size", ["", "much", "12 parsecs", "-1GB"])
def test_sizes_that_are_none(size: str) -> None:
    with pytest.raises(ValueError, match="512MB"):
        bytes_of(size)


def test_a_query_of_any_length_is_not_even_parsed() -> None:
    with duckdb.connect() as connection, pytest.raises(RefusedError, match="longer"):
        check(connection, "SELECT 1" + " " * LONGEST_QUERY, [])


def _run_sql(data_dir: Path, texts: list[str], **changes: Any) -> list[Any]:
    """Outcomes of queries that are asked at the same time."""
    settings = settings_for(data_dir, **changes)
    snapshot = open_snapshot((data_dir / "snapshots" / "current").resolve(), settings)
    scope = resolve(Caller(user_id(1), Role.ADMIN), snapshot)

    async def scene() -> list[Any]:
        sandboxes = Sandboxes(settings)
        asked = [sandboxes.run(snapshot, scope, Query(text, 10, {})) for text in texts]
        try:
            return await asyncio.gather(*asked, return_exceptions=True)
        finally:
            await sandboxes.close()

    try:
        return asyncio.run(scene())
    finally:
        snapshot.release()


def test_a_tie_at_the_end_of_a_page_is_read_whole(small_data: Path) -> None:
    """Of lessons with equal views the wrong one was shown: the order among them is not that of the query."""
    snapshot = open_snapshot((small_data / "snapshots" / "current").resolve(), settings_for(small_data))
    try:
        ordered = "SELECT range, range // $width AS views FROM range(1000) ORDER BY views"
        for width, expected in ((100, 100), (2, 10), (1000, 1000), (1, 9)):
            rows = first_with_ties(snapshot, ordered, {"width": width}, 9, 1)
            assert {row[0] for row in rows} >= set(range(expected))
    finally:
        snapshot.release()


def test_more_queries_than_processes_are_asked_to_come_back(tmp_path: Path) -> None:
    publish(tmp_path)
    endless = "SELECT count(*) FROM range(100000000000)"
    outcomes = _run_sql(tmp_path, [endless] * (sandbox.PROCESSES + 1), sql_timeout_seconds=1)
    assert [type(outcome) for outcome in outcomes].count(Unavailable) == 1
    assert [type(outcome) for outcome in outcomes].count(QueryError) == sandbox.PROCESSES


def test_a_query_that_cannot_be_interrupted_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(tmp_path)
    monkeypatch.setattr(sandbox, "GRACE_SECONDS", -0.9)
    (outcome,) = _run_sql(tmp_path, ["SELECT count(*) FROM range(100000000000)"], sql_timeout_seconds=1)
    assert isinstance(outcome, QueryError)
    assert outcome.code == "query_timeout"


@pytest.mark.parametrize("seconds", [0.0, 30.0])
def test_a_process_that_does_not_start_is_no_bad_query(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    """A slow start counted as a slow query."""
    publish(tmp_path)
    monkeypatch.setattr(sandbox, "START_SECONDS", seconds)
    monkeypatch.setattr(sandbox, "_WORKER", "api.sql.guard")
    (outcome,) = _run_sql(tmp_path, ["SELECT 1"])
    assert isinstance(outcome, Unavailable)
