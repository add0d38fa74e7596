"""GET /users/ and /users/{user_id}."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api import rules_source as source
from tests.api.rules import ANALYST, PLATFORM, Api, admin, student, teacher


def _usernames(rules: Api, headers: dict[str, str], **params: Any) -> list[str]:
    return [row["username"] for row in rules.get("/users/", headers, **params)]


def test_users_of_the_own_school_by_username(rules: Api) -> None:
    names = ["admin", "ana", "ben", "cat", "dot", "eve", "fay", "gus", "hal", "ida", "teacher"]
    assert _usernames(rules, admin()) == names
    assert _usernames(rules, admin(), limit=3, offset=9) == names[9:]
    assert len(_usernames(rules, PLATFORM)) == 15


def test_a_row_is_the_sources_row(rules: Api) -> None:
    (row,) = rules.get("/users/", admin(), search="ana@")
    created_at = row.pop("created_at")
    assert created_at.endswith("Z")
    assert row == {
        "id": str(source.ANA),
        "username": "ana",
        "email": "ana@school.example",
        "first_name": "Ana",
        "last_name": "Alofa",
        "role": "STUDENT",
        "school_id": str(source.TONGA),
        "is_active": True,
        "last_login": "2026-03-02T11:30:00Z",
    }


def test_the_page_counts_all_matches(rules: Api) -> None:
    answer = rules.client.get("/api/v1/users/", params={"role": "student", "limit": 2}, headers=admin())
    assert answer.json()["page"] == {"limit": 2, "offset": 0, "total": 9}


def test_a_page_behind_the_last_is_empty_and_still_counts(rules: Api) -> None:
    answer = rules.client.get("/api/v1/users/", params={"offset": 50}, headers=admin()).json()
    assert (answer["data"], answer["page"]["total"]) == ([], 11)


@pytest.mark.parametrize(
    ("params", "names"),
    [
        ({"search": "ALOFA"}, ["ana"]),
        ({"search": "ben b"}, ["ben"]),
        ({"search": "%"}, []),
        ({"search": "_"}, []),
        ({"search": "lake"}, []),
        ({"role": "teacher"}, ["teacher"]),
        ({"role": "ADMIN"}, ["admin"]),
        ({"role": "teacher", "search": "ana"}, []),
    ],
)
def test_search_and_role(params: dict[str, str], names: list[str], rules: Api) -> None:
    """A search for % that finds everybody is a pattern, not a text."""
    assert _usernames(rules, admin(), **params) == names


def test_figures_of_the_role(rules: Api) -> None:
    assert rules.get(f"/users/{source.TEACHER}", admin())["stats"] == {
        "total_classes": 1,
        "total_students": 3,
    }
    assert rules.get(f"/users/{source.BEN}", admin())["stats"] == {"total_enrollments": 1, "total_xp": 540}
    assert rules.get(f"/users/{source.ANA}", admin())["stats"] == {"total_enrollments": 0, "total_xp": 50}
    assert rules.get(f"/users/{source.ADMIN}", admin())["stats"] is None


def test_an_unassigned_user_has_no_school(rules: Api) -> None:
    assert rules.get(f"/users/{source.UNA}", PLATFORM)["school_id"] is None


@pytest.mark.parametrize(
    ("status", "headers", "person"),
    [
        (200, student(source.BEN), source.BEN),
        (403, student(source.BEN), source.ANA),
        (403, student(source.BEN), source.NOBODY),
        (200, teacher(), source.TEACHER),
        (403, teacher(), source.BEN),
        (403, teacher(), source.NOBODY),
        (403, ANALYST, source.BEN),
        (404, ANALYST, source.NOBODY),
        (200, admin(), source.BEN),
        (404, admin(), source.LEA),
        (404, admin(), source.NOBODY),
        (200, PLATFORM, source.LEA),
        (422, admin(), "ben"),
    ],
)
def test_who_may_see_whom(status: int, headers: dict[str, str], person: Any, rules: Api) -> None:
    assert rules.status(f"/users/{person}", headers) == status


@pytest.mark.parametrize(
    ("status", "headers", "params"),
    [
        (403, teacher(), {}),
        (403, student(source.BEN), {}),
        (403, ANALYST, {}),
        (422, admin(), {"role": "janitor"}),
        (422, admin(), {"limit": 101}),
        (422, admin(), {"offset": -1}),
        (422, admin(), {"search": "a\0b"}),
    ],
)
def test_roles_and_bounds(status: int, headers: dict[str, str], params: dict[str, Any], rules: Api) -> None:
    assert rules.status("/users/", headers, **params) == status
