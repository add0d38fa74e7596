"""GET /marts and /marts/{name}: scope, filters, keyset pages, formats."""

from __future__ import annotations

import csv
import io
from typing import Any

import httpx
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.api.serving import BASE, bearer
from tests.api.snapshot_factory import CURIE, LINCOLN, NOWHERE

ADMIN = bearer("admin")
MARTS = f"{BASE}/marts"


def rows(
    client: httpx.Client, path: str, headers: dict[str, str] = ADMIN, **params: Any
) -> list[dict[str, Any]]:
    """The data of a page that must succeed."""
    answer = client.get(f"{MARTS}/{path}", headers=headers, params=params)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["data"]
    return found


def pages(
    client: httpx.Client, path: str, limit: int, headers: dict[str, str] = ADMIN, **params: Any
) -> list[Any]:
    """All pages of a mart, following `next`."""
    found, token = [], None
    while True:
        more = {"next": token} if token else {}
        answer = client.get(f"{MARTS}/{path}", headers=headers, params={**params, "limit": limit, **more})
        assert answer.status_code == 200, answer.text
        found.append(answer.json()["data"])
        token = answer.json()["page"]["next"]
        if token is None:
            return found


def test_the_catalogue_names_every_mart_with_its_meaning(small: httpx.Client) -> None:
    marts = {mart["name"]: mart for mart in small.get(MARTS, headers=ADMIN).json()["data"]}
    assert marts["fct_user_day"]["rows"] == 1200
    assert marts["fct_user_day"]["grain"] == ["user_key", "activity_date"]
    assert marts["fct_user_day"]["columns"][0]["description"] == "The user_key."
    assert all(mart["is_readable"] for mart in marts.values())


@pytest.mark.parametrize("path", [MARTS, f"{MARTS}/fct_user_day/lineage"])
def test_the_catalogue_is_a_list_with_its_page(small: httpx.Client, path: str) -> None:
    """Clients that read every list by its page would find none here."""
    body = small.get(path, headers=ADMIN).json()
    count = len(body["data"])
    assert body["page"] == {"limit": count, "offset": 0, "total": count}


def test_the_catalogue_counts_only_rows_of_the_callers_school(small: httpx.Client) -> None:
    """Row counts of the platform would tell a school about the others."""
    marts = {
        mart["name"]: mart for mart in small.get(MARTS, headers=bearer("teacher", LINCOLN)).json()["data"]
    }
    assert marts["fct_user_day"]["rows"] == 400
    assert marts["dim_course"]["rows"] == 2
    assert marts["platform_totals"]["rows"] is None
    assert marts["compliance_requests"]["rows"] is None


def test_the_lineage_of_a_mart_without_models_is_the_mart_itself(small: httpx.Client) -> None:
    """Snapshots of older versions name no models: they must stay readable after an update."""
    assert rows(small, "fct_user_day/lineage") == [
        {"name": "marts.fct_user_day", "upstream": [], "columns": {}}
    ]
    assert small.get(f"{MARTS}/nothing/lineage", headers=ADMIN).status_code == 404


@pytest.mark.parametrize(
    ("headers", "schools"),
    [
        (bearer("admin"), {0, 1, 2}),
        (bearer("analyst"), {0, 1, 2}),
        (bearer("admin", LINCOLN), {1}),
        (bearer("analyst", CURIE), {2}),
        (bearer("teacher", LINCOLN), {1}),
        (bearer("teacher"), {0}),
        (bearer("admin", NOWHERE), set()),
    ],
)
def test_rows_of_other_schools_do_not_exist(
    small: httpx.Client, headers: dict[str, str], schools: set[int]
) -> None:
    assert {row["school_key"] for row in rows(small, "fct_user_day", headers, limit=1000)} == schools


def test_a_filter_cannot_widen_the_scope(small: httpx.Client) -> None:
    teacher = bearer("teacher", LINCOLN)
    assert rows(small, "fct_user_day", teacher, school_key="eq.2") == []
    assert rows(small, "fct_user_day", teacher, school_key="in.2,0") == []


def test_leaderboards_are_scoped_by_school_and_class(small: httpx.Client) -> None:
    found = rows(small, "leaderboard", bearer("teacher", CURIE))
    assert [(row["scope"], row["scope_key"]) for row in found] == [("class", 2), ("school", 2)]


@pytest.mark.parametrize(
    ("name", "headers", "status"),
    [
        ("platform_totals", bearer("admin", LINCOLN), 403),
        ("platform_totals", bearer("analyst"), 200),
        ("compliance_requests", bearer("teacher", LINCOLN), 403),
        ("compliance_requests", bearer("admin", LINCOLN), 200),
        ("dim_course", bearer("teacher", LINCOLN), 200),
        ("dim_course", bearer("student", LINCOLN), 403),
        ("users", bearer("admin"), 404),
        ("identity.users", bearer("admin"), 404),
        ("duckdb_tables", bearer("admin"), 404),
    ],
)
def test_who_reads_which_mart(small: httpx.Client, name: str, headers: dict[str, str], status: int) -> None:
    assert small.get(f"{MARTS}/{name}", headers=headers).status_code == status


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"user_key": "eq.7"}, lambda row: row["user_key"] == 7),
        ({"xp": "ne.3"}, lambda row: row["xp"] not in (3, None)),
        ({"xp": "lt.2"}, lambda row: row["xp"] is not None and row["xp"] < 2),
        ({"xp": "le.2"}, lambda row: row["xp"] is not None and row["xp"] <= 2),
        ({"hours": "gt.149.5"}, lambda row: (row["hours"] or 0) > 149.5),
        ({"hours": "ge.149"}, lambda row: (row["hours"] or 0) >= 149),
        (
            {"activity_date": "in.2026-01-02,2026-01-05"},
            lambda row: row["activity_date"] in ("2026-01-02", "2026-01-05"),
        ),
        (
            {"last_event_at": "lt.2026-01-01T11:30:00+01:00"},
            lambda row: row["last_event_at"] < "2026-01-01T10:30:00Z",
        ),
        ({"xp": "eq.1", "user_key": "lt.10"}, lambda row: row["xp"] == 1 and row["user_key"] < 10),
    ],
)
def test_filters(small: httpx.Client, params: dict[str, str], expected: Any) -> None:
    everything = rows(small, "fct_user_day", limit=2000)
    wanted = [row for row in everything if expected(row)]
    assert wanted
    assert rows(small, "fct_user_day", limit=2000, **params) == wanted


def test_text_filters(small: httpx.Client) -> None:
    assert [row["course_key"] for row in rows(small, "dim_course", title="like.%waves")] == [2]
    assert [row["course_key"] for row in rows(small, "dim_course", title='in."Optics, waves",Poetry')] == [2]
    assert [row["course_key"] for row in rows(small, "dim_course", title="eq.Optics, waves")] == [2]
    assert rows(small, "dim_course", title="eq.' OR 1=1 --") == []


def test_two_filters_on_one_column_both_hold(small: httpx.Client) -> None:
    answer = small.get(f"{MARTS}/dim_user?user_key=gt.3&user_key=le.5", headers=ADMIN)
    assert [row["user_key"] for row in answer.json()["data"]] == [4, 5]
    assert answer.json()["page"]["total"] == 2


@pytest.mark.parametrize(
    ("params", "where"),
    [
        ({"user_key": "7"}, "query.user_key"),
        ({"user_key": "eq.x"}, "query.user_key"),
        ({"user_key": "eq.1.5"}, "query.user_key"),
        ({"user_key": "eq.99999999999999999999"}, "query.user_key"),
        ({"user_key": "eq."}, "query.user_key"),
        ({"user_key": "is.null"}, "query.user_key"),
        ({"user_key": "like.7%"}, "query.user_key"),
        ({"user_key": "in." + ",".join("1" * 201)}, "query.user_key"),
        ({"hours": "eq.nan"}, "query.hours"),
        ({"hours": "eq.1e999"}, "query.hours"),
        ({"activity_date": "eq.2026-02-30"}, "query.activity_date"),
        ({"last_event_at": "eq.yesterday"}, "query.last_event_at"),
        ({"nothing": "eq.1"}, "query.filter"),
        ({'user_key"; DROP TABLE x; --': "eq.1"}, "query.filter"),
        ({"columns": "user_key,password"}, "query.columns"),
        ({"columns": "user_key,user_key"}, "query.columns"),
        ({"columns": ""}, "query.columns"),
        ({"order": "random()"}, "query.order"),
        ({"order": "user_key.sideways"}, "query.order"),
        ({"order": "xp,xp.desc"}, "query.order"),
        ({"limit": "0"}, "query.limit"),
        ({"limit": "1000001"}, "query.limit"),
        ({"format": "xlsx"}, "query.format"),
    ],
)
def test_hostile_or_wrong_parameters_are_named(
    small: httpx.Client, params: dict[str, str], where: str
) -> None:
    answer = small.get(f"{MARTS}/fct_user_day", headers=ADMIN, params=params)
    assert answer.status_code == 422
    assert [detail["where"] for detail in answer.json()["error"]["details"]] == [where]


@pytest.mark.parametrize("pattern", ["%a" * 7, "x" * 1001])
def test_patterns_are_bounded(small: httpx.Client, pattern: str) -> None:
    assert (
        small.get(f"{MARTS}/dim_course", headers=ADMIN, params={"title": f"like.{pattern}"}).status_code
        == 422
    )


def test_unbalanced_quotes_in_a_list_are_named(small: httpx.Client) -> None:
    answer = small.get(f"{MARTS}/dim_course", headers=ADMIN, params={"title": 'in."open'})
    assert answer.status_code == 422


def test_columns_come_in_the_wished_order(small: httpx.Client) -> None:
    assert list(rows(small, "fct_user_day", columns="xp,user_key", limit=1)[0]) == ["xp", "user_key"]


@pytest.mark.parametrize("limit", [7, 100, 1199, 1200, 1500])
@pytest.mark.parametrize(
    "order", [None, "xp", "xp.desc", "hours.desc,xp", "activity_date.desc", "last_event_at"]
)
def test_every_page_is_full_and_no_row_comes_twice(
    small: httpx.Client, limit: int, order: str | None
) -> None:
    """Ties and NULLs in the order's columns made rows repeat or vanish between pages."""
    if limit == 7 and order not in (None, "xp.desc", "hours.desc,xp"):
        limit = 13
    params = {"order": order} if order else {}
    found = pages(small, "fct_user_day", limit, **params)
    assert all(len(page) == limit for page in found[:-1])
    assert found[-1]
    flat = [row for page in found for row in page]
    assert flat == rows(small, "fct_user_day", limit=5000, **params)
    assert len({(row["user_key"], row["activity_date"]) for row in flat}) == len(flat) == 1200


def test_pages_of_filtered_rows_of_one_school(small: httpx.Client) -> None:
    teacher = bearer("teacher", LINCOLN)
    found = pages(small, "fct_user_day", 50, teacher, xp="ge.1", order="xp.desc")
    answer = small.get(f"{MARTS}/fct_user_day", headers=teacher, params={"xp": "ge.1", "limit": 1})
    assert sum(map(len, found)) == answer.json()["page"]["total"]
    assert all(row["school_key"] == 1 and row["xp"] >= 1 for page in found for row in page)


@pytest.mark.parametrize(
    "token", ["", "x", "e30", "W10", "bnVsbA", "WyJhYmMiXQ", "\x00", "ünïcode", "WyJhIiwxXQ"]
)
def test_a_forged_next_is_refused(small: httpx.Client, token: str) -> None:
    answer = small.get(f"{MARTS}/fct_user_day", headers=ADMIN, params={"next": token})
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "bad_value"


def test_next_belongs_to_one_order_and_filter(small: httpx.Client) -> None:
    token = small.get(f"{MARTS}/fct_user_day", headers=ADMIN, params={"limit": 5}).json()["page"]["next"]
    for other in ({"order": "xp"}, {"xp": "eq.1"}):
        answer = small.get(f"{MARTS}/fct_user_day", headers=ADMIN, params={"next": token, **other})
        assert answer.status_code == 400


def test_a_next_of_another_school_stays_in_the_callers_scope(small: httpx.Client) -> None:
    token = small.get(f"{MARTS}/fct_user_day", headers=ADMIN, params={"limit": 5}).json()["page"]["next"]
    found = rows(small, "fct_user_day", bearer("teacher", LINCOLN), next=token)
    assert {row["school_key"] for row in found} == {1}


def _read(kind: str, content: bytes) -> list[dict[str, Any]]:
    if kind == "json":
        return list(orjson.loads(content)["data"])
    if kind == "ndjson":
        return [orjson.loads(line) for line in content.splitlines()]
    if kind == "csv":
        return list(csv.DictReader(io.StringIO(content.decode())))
    table = pa.ipc.open_stream(content).read_all() if kind == "arrow" else pq.read_table(io.BytesIO(content))
    return list(orjson.loads(orjson.dumps(table.to_pylist(), option=orjson.OPT_UTC_Z)))


def _text(row: dict[str, Any]) -> dict[str, str]:
    """As CSV can say it: NULL and numbers as text, timestamps without trailing zeros."""
    return {name: _cell(value) for name, value in row.items()}


def _cell(value: Any) -> str:
    if value is None:
        return ""
    text = repr(value) if isinstance(value, float) else str(value)
    return text.replace(".000000Z", "Z").removesuffix(".0")


FORMATS = {
    "json": "application/json",
    "ndjson": "application/x-ndjson",
    "csv": "text/csv; charset=utf-8",
    "arrow": "application/vnd.apache.arrow.stream",
    "parquet": "application/vnd.apache.parquet",
}


@pytest.mark.parametrize("limit", [300, 1100])
@pytest.mark.parametrize("by", ["format", "accept"])
def test_the_five_formats_hold_the_same_rows(small: httpx.Client, by: str, limit: int) -> None:
    """Screen and export differed because each had its own query."""
    params: dict[str, Any] = {"limit": limit, "order": "hours.desc"}
    found = {}
    for kind, media_type in FORMATS.items():
        wish = {"params": {**params, "format": kind}} if by == "format" else {"params": params}
        headers = ADMIN | ({"Accept": media_type.partition(";")[0]} if by == "accept" else {})
        answer = small.get(f"{MARTS}/fct_user_day", headers=headers, **wish)
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == media_type
        assert answer.headers["X-Total-Count"] == "1200"
        assert 'rel="next"' in answer.headers["Link"]
        found[kind] = [_text(row) for row in _read(kind, answer.content)]
    assert len(found["json"]) == limit
    assert found["ndjson"] == found["json"]
    assert found["csv"] == found["json"]
    assert found["arrow"] == found["json"]
    assert found["parquet"] == found["json"]


@pytest.mark.parametrize("kind", FORMATS)
def test_an_empty_result_is_a_valid_file(small: httpx.Client, kind: str) -> None:
    answer = small.get(f"{MARTS}/dim_user", headers=ADMIN, params={"user_key": "eq.0", "format": kind})
    assert answer.status_code == 200
    assert _read(kind, answer.content) == []


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("*/*", "application/json"),
        ("image/png", "application/json"),
        ("text/csv;q=0.5, application/x-ndjson", "application/x-ndjson"),
        ("text/csv;q=high, application/x-ndjson;q=0", "application/json"),
    ],
)
def test_accept_is_weighed(small: httpx.Client, accept: str, media_type: str) -> None:
    answer = small.get(f"{MARTS}/dim_course", headers=ADMIN | {"Accept": accept})
    assert answer.headers["Content-Type"] == media_type


def test_the_link_leads_to_the_next_page(small: httpx.Client) -> None:
    answer = small.get(f"{MARTS}/dim_user?format=csv&limit=40", headers=ADMIN)
    link = answer.headers["Link"].partition(">")[0].removeprefix("<")
    following = small.get(link, headers=ADMIN)
    assert [row["user_key"] for row in _read("csv", following.content)] == [str(key) for key in range(41, 61)]
    assert "Link" not in following.headers
