"""The registry of schools: read-your-writes, idempotent writes, and what happens while the source is away."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import httpx
import psycopg
import pytest

from api import registry
from api.places import countries, zones
from api.schemas.schools import NewSchool
from tests.api import rules_source as source
from tests.api.rules import ANALYST, PLATFORM, Api, RulesSchool, admin, student, teacher
from tests.api.serving import BASE, client_of, settings_for

SCHOOLS = "/schools/"
NEW = {"code": "new-one", "name": "New One", "country": "DK", "timezone": "Europe/Copenhagen"}
AWAY = "postgresql://nobody@127.0.0.1:1/nothing"


@pytest.fixture
def registry_url(make_database: Callable[..., str]) -> str:
    """A source of its own with the three schools."""
    url = make_database()
    source.fill(url)
    return url


@pytest.fixture
def schools(rules_school: RulesSchool, registry_url: str) -> Iterator[Api]:
    """A server on the snapshot and that source."""
    settings = settings_for(rules_school.data_dir, source_url=registry_url, stale_after_hours=10**6)
    with client_of(settings) as client:
        yield Api(client)


def _post(api: Api, body: dict[str, Any], key: str | None = None) -> httpx.Response:
    headers = PLATFORM | ({"Idempotency-Key": key} if key else {})
    return api.client.post(BASE + SCHOOLS, json=body, headers=headers)


def test_a_new_school_is_there_at_once(schools: Api) -> None:
    """A list from the snapshot would hide it until tomorrow."""
    made = _post(schools, NEW)
    assert made.status_code == 201
    row = made.json()["data"]
    assert {name: row[name] for name in NEW} == NEW
    assert row["is_active"] is True
    assert made.headers["location"] == f"{BASE}/schools/{row['id']}"
    assert schools.get(f"/schools/{row['id']}", PLATFORM) == {**row, "stats": None}
    assert row in schools.get(SCHOOLS, PLATFORM)


def test_a_known_school_has_its_figures(schools: Api) -> None:
    school = schools.get(f"/schools/{source.TONGA}", teacher())
    assert (school["code"], school["country"], school["timezone"]) == ("tonga", "TO", "Pacific/Tongatapu")
    assert school["stats"] == {
        "students": 8,
        "teachers": 1,
        "classes_active": 1,
        "active_users_7d": 9,
        "average_completion": 67.5,
        "xp_30d": 370,
    }


def test_schools_by_name_in_pages(schools: Api) -> None:
    rows = [row["code"] for row in schools.get(SCHOOLS, PLATFORM)]
    assert rows == ["empty", "lincoln", "tonga"]
    answer = schools.client.get(BASE + SCHOOLS, params={"limit": 1, "offset": 1}, headers=PLATFORM).json()
    assert [row["code"] for row in answer["data"]] == ["lincoln"]
    assert answer["page"] == {"limit": 1, "offset": 1, "total": 3}
    assert [row["code"] for row in schools.get(SCHOOLS, PLATFORM, search="COLLEGE")] == ["tonga"]
    assert schools.get(SCHOOLS, PLATFORM, search="%") == []


def test_staff_see_their_own_school_only(schools: Api) -> None:
    assert [row["code"] for row in schools.get(SCHOOLS, teacher())] == ["tonga"]
    assert schools.get(SCHOOLS, teacher(), search="lincoln") == []
    assert schools.get(SCHOOLS, teacher(None)) == []
    assert schools.status(f"/schools/{source.LINCOLN}", teacher()) == 404
    assert schools.status(f"/schools/{source.NOBODY}", PLATFORM) == 404


@pytest.mark.parametrize("headers", [student(source.BEN), ANALYST])
def test_schools_are_for_staff(headers: dict[str, str], schools: Api) -> None:
    assert schools.status(SCHOOLS, headers) == 403
    assert schools.status(f"/schools/{source.TONGA}", headers) == 403


@pytest.mark.parametrize("headers", [admin(), teacher(), student(source.BEN), ANALYST])
def test_only_platform_administrators_register_schools(headers: dict[str, str], schools: Api) -> None:
    assert schools.client.post(BASE + SCHOOLS, json=NEW, headers=headers).status_code == 403


def test_a_taken_code_is_a_conflict(schools: Api) -> None:
    answer = _post(schools, {**NEW, "code": "tonga"})
    assert answer.status_code == 409
    assert len(schools.get(SCHOOLS, PLATFORM)) == 3


@pytest.mark.parametrize(
    "change",
    [
        {"country": "XX"},
        {"country": "UK"},
        {"country": "dk"},
        {"timezone": "Europe/Nowhere"},
        {"timezone": "../etc/passwd"},
        {"timezone": ""},
        {"code": ""},
        {"code": "two words"},
        {"name": " "},
        {"name": "a\0b"},
        {"more": 1},
    ],
    ids=str,
)
def test_a_bad_body_is_refused(change: dict[str, Any], schools: Api) -> None:
    """A zone that nobody knows would silently become UTC in every figure of the school."""
    answer = _post(schools, {**NEW, **change})
    assert answer.status_code == 422
    (complaint,) = answer.json()["error"]["details"]
    assert complaint["where"] == f"body.{next(iter(change))}"


def test_a_repeated_request_makes_one_school(schools: Api, registry_url: str) -> None:
    """A client that repeats after a lost answer must not fail on its own school."""
    first, second = _post(schools, NEW, "key-1"), _post(schools, NEW, "key-1")
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["data"] == second.json()["data"]
    with psycopg.connect(registry_url) as connection:
        connection.execute("UPDATE schools SET name = 'Renamed' WHERE code = 'new-one'")
    third = _post(schools, NEW, "key-1")
    assert (third.status_code, third.json()["data"]["name"]) == (201, "Renamed")


def test_a_key_belongs_to_one_body(schools: Api) -> None:
    assert _post(schools, NEW, "key-1").status_code == 201
    other = _post(schools, {**NEW, "code": "another"}, "key-1")
    assert other.status_code == 409
    assert "Idempotency-Key" in other.json()["error"]["message"]
    assert _post(schools, {**NEW, "code": "another"}, "key-2").status_code == 201
    assert _post(schools, NEW, "key-3").status_code == 409


def test_simultaneous_repetitions_make_one_school(schools: Api) -> None:
    """Looking before writing without a lock lets two of them look first."""
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: _post(schools, NEW, "key-1"), range(6)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["data"]["id"] for answer in answers}) == 1


def test_without_the_source_the_snapshot_answers_marked_stale(rules_school: RulesSchool) -> None:
    with client_of(settings_for(rules_school.data_dir, registry_url=AWAY, stale_after_hours=10**6)) as client:
        listed = client.get(BASE + SCHOOLS, headers=PLATFORM).json()
        assert [row["code"] for row in listed["data"]] == ["empty", "lincoln", "tonga"]
        assert listed["page"] == {"limit": 20, "offset": 0, "total": 3}
        one = client.get(f"{BASE}/schools/{source.TONGA}", headers=teacher()).json()
        assert (one["data"]["name"], one["data"]["stats"]["students"]) == ("Tonga College", 8)
        assert (listed["meta"]["stale"], one["meta"]["stale"]) == (True, True)
        assert client.get(f"{BASE}/schools/{source.NOBODY}", headers=PLATFORM).status_code == 404
        refused = client.post(BASE + SCHOOLS, json=NEW, headers=PLATFORM)
        assert refused.status_code == 503
        assert int(refused.headers["retry-after"]) > 0


def test_a_kept_connection_that_died_is_replaced(schools: Api, registry_url: str) -> None:
    """A restart of the source would otherwise fail the next request."""
    assert len(schools.get(SCHOOLS, PLATFORM)) == 3
    with psycopg.connect(registry_url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'schoolhouse-registry' AND datname = current_database()"
        )
    answer = schools.client.get(BASE + SCHOOLS, headers=PLATFORM).json()
    assert (len(answer["data"]), answer["meta"]["stale"]) == (3, False)


def test_a_platform_without_schools_says_so_until_it_is_migrated(
    make_database: Callable[..., str], rules_school: RulesSchool
) -> None:
    url = make_database(smallest=True)
    with client_of(settings_for(rules_school.data_dir, source_url=url)) as client:
        for answer in (
            client.get(BASE + SCHOOLS, headers=PLATFORM),
            client.get(f"{BASE}/schools/{source.TONGA}", headers=PLATFORM),
            client.post(BASE + SCHOOLS, json=NEW, headers=PLATFORM),
        ):
            assert (answer.status_code, answer.json()["error"]["code"]) == (503, "registry_missing")
            assert "migrate-registry" in answer.json()["error"]["message"]
        assert (registry.migrate(url), registry.migrate(url)) == (True, False)
        assert client.post(BASE + SCHOOLS, json=NEW, headers=PLATFORM).status_code == 201
        assert len(client.get(BASE + SCHOOLS, headers=PLATFORM).json()["data"]) == 1


def test_credentials_that_may_only_read_are_named_as_the_reason(
    rules_school: RulesSchool, registry_url: str
) -> None:
    with psycopg.connect(registry_url) as connection:
        connection.execute("DROP ROLE IF EXISTS reader")
        connection.execute("CREATE ROLE reader LOGIN")
        connection.execute("GRANT SELECT ON schools TO reader")
        info = connection.info
        reader = f"postgresql://reader@/{info.dbname}?host={info.host}&port={info.port}"
    with client_of(settings_for(rules_school.data_dir, source_url=reader)) as client:
        assert client.get(BASE + SCHOOLS, headers=PLATFORM).status_code == 200
        refused = client.post(BASE + SCHOOLS, json=NEW, headers=PLATFORM)
        assert refused.status_code == 503
        assert "credentials" in refused.json()["error"]["message"]


def test_ids_of_a_key_share_their_first_half() -> None:
    school = NewSchool.model_validate(NEW)
    lowest, highest = registry.ids_of_key("key")
    made = registry.row_id(school, "key")
    assert lowest < made < highest
    assert (made.version, made.variant) == (8, UUID(int=0x8 << 76 | 0x8 << 60).variant)
    assert not lowest <= registry.row_id(school, "other key") <= highest
    assert registry.row_id(school, None) != registry.row_id(school, None)


def test_the_tables_of_places_are_whole() -> None:
    assert len(countries()) == 249
    assert {"Europe/Copenhagen", "UTC", "Pacific/Tongatapu"} <= zones()
    assert "Factory" not in zones()
