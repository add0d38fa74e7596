"""Every field of every analytics endpoint against plain SQL on the operational database, for every role."""

from collections.abc import Callable
from typing import Any

import pytest

from .api_cases import ENDPOINTS, ROLES, Caller, spread
from .asking import Source
from .compare import json_differences, leaves, plain, report

pytestmark = pytest.mark.timeout(900)  # whichever test comes first waits for the nights to be built

SOURCES = ("generated", "leap-night")
ASKED = [(endpoint, role) for endpoint, (roles, _) in ENDPOINTS.items() for role in roles]
LEAST_COMPARISONS = 300
Asked = Callable[[str], Source]


@pytest.mark.parametrize("label", SOURCES)
@pytest.mark.parametrize(("endpoint", "role"), ASKED, ids=lambda value: value.replace(" ", "-"))
def test_answers_equal_plain_sql(endpoint: str, role: str, label: str, asked: Asked) -> None:
    """An endpoint that joins or scopes wrongly still answers 200; only an independent calculation tells."""
    source = asked(label)
    cases = list(ENDPOINTS[endpoint][1](source.population, role))
    found = [f"{case}\n    {difference}" for case in cases for difference in source.differences(case)]
    assert cases
    assert not found, report(found)


@pytest.mark.parametrize("label", SOURCES)
@pytest.mark.parametrize(
    "asked_for", [{}, {"role": "teacher"}, {"role": "STUDENT"}, {"search": "s"}, {"search": "%"}]
)
@pytest.mark.parametrize("role", ["platform admin", "admin"])
def test_users_equal_plain_sql(role: str, asked_for: dict[str, str], label: str, asked: Asked) -> None:
    """Pages that overlap or skip look fine one by one, so all of them are read and joined."""
    source = asked(label)
    for caller in source.population.callers(role):
        source.as_caller(caller)
        expected = source.reference.rows("api_users", **({"role": None, "search": None} | asked_for))
        found = json_differences(_all_pages(source, caller, "/users/", asked_for), _as_json(expected))
        assert not found, report(found)


@pytest.mark.parametrize("label", SOURCES)
@pytest.mark.parametrize("role", ["platform admin", "admin", "teacher", "student"])
def test_one_user_equals_plain_sql(role: str, label: str, asked: Asked) -> None:
    source = asked(label)
    for caller in source.population.callers(role):
        source.as_caller(caller)
        rows = source.reference.rows("api_users", role=None, search=None)
        seen = [row for row in rows if row["role"] != "STUDENT"] + spread(rows, 10)
        for row in (
            seen if role.endswith("admin") else [row for row in rows if str(row["id"]) == caller.user_id]
        ):
            stats = source.reference.row("api_user_stats", user_id=row["id"])
            answer = source.api.get(f"/users/{row['id']}", caller.claims)["data"]
            found = json_differences(answer, _as_json(row | stats))
            assert not found, report(found)


@pytest.mark.parametrize("label", SOURCES)
@pytest.mark.parametrize("asked_for", [{}, {"search": "o"}])
@pytest.mark.parametrize("role", ["platform admin", "admin", "teacher"])
def test_schools_equal_plain_sql(role: str, asked_for: dict[str, str], label: str, asked: Asked) -> None:
    source = asked(label)
    for caller in source.population.callers(role):
        source.as_caller(caller)
        rows = source.reference.rows("api_schools", **({"search": None} | asked_for))
        found = json_differences(_all_pages(source, caller, "/schools/", asked_for), _as_json(rows))
        for row in rows:
            stats = source.reference.row("api_school_stats", school_id=str(row["id"]))
            answer = source.api.get(f"/schools/{row['id']}", caller.claims)["data"]
            found += json_differences(answer, _as_json(row | stats))
        assert not found, report(found)


@pytest.mark.parametrize("label", SOURCES)
def test_at_least_three_hundred_comparisons_are_made(label: str, asked: Asked) -> None:
    """Requests and single values, for every role: a loop over nothing would pass too."""
    source = asked(label)
    for roles, cases in ENDPOINTS.values():
        for role in roles:
            assert len(list(cases(source.population, role))) >= 1, role
    requests = [
        case
        for roles, cases in ENDPOINTS.values()
        for role in roles
        for case in cases(source.population, role)
    ]
    assert len(requests) >= LEAST_COMPARISONS
    assert {role for roles, _ in ENDPOINTS.values() for role in roles} == set(ROLES)
    assert sum(leaves(source.expected(case)) for case in spread(requests, 50)) > LEAST_COMPARISONS


def _all_pages(source: Source, caller: Caller, path: str, asked_for: dict[str, str]) -> list[Any]:
    rows: list[Any] = []
    while True:
        body = source.api.get(path, caller.claims, asked_for | {"limit": 7, "offset": len(rows)})
        rows += body["data"]
        if len(body["data"]) < 7:
            assert body["page"]["total"] == len(rows)
            return rows


def _as_json(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _as_json(part) for name, part in value.items()}
    return [_as_json(part) for part in value] if isinstance(value, list) else plain(value)
