"""Is the verdict right? Every figure against plain SQL, on the days that calculations get wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import httpx
import psycopg
import pytest

from api.runs import RunState
from tests.api.serving import BASE, bearer, client_of, settings_for
from tests.compliance.reference import Reference, reference_at
from tests.conftest import MakeDatabase, Night

# 29 February, a Thursday, shortly before midnight in UTC: 1 March in Copenhagen and Tongatapu.
AS_OF = datetime(2024, 2, 29, 23, 30, tzinfo=UTC)
NAMES = UUID("00000000-0000-4000-8000-000000000c0c")
SCHOOLS = {
    "cph": ("DK", "Europe/Copenhagen"),
    "nyc": ("US", "America/New_York"),
    "tbu": (None, "Pacific/Tongatapu"),
}
STATES = (("received", None), ("in_progress", None), ("completed", 27), ("refused", 31), ("completed", 70))
# Month ends, leap days, weekends, and the hours around both changes of the clock in Europe and America.
RECEIVED = (
    "2023-01-31 12:00", "2023-03-25 23:30", "2023-03-26 00:30", "2023-03-26 22:30", "2023-10-28 22:30",
    "2023-10-29 00:30", "2023-10-29 23:30", "2023-11-05 05:30", "2023-11-30 12:00", "2023-12-31 23:30",
    "2024-01-01 02:00", "2024-01-28 12:00", "2024-01-29 12:00", "2024-01-31 22:59", "2024-01-31 23:01",
    "2024-02-02 12:00", "2024-02-29 12:00",
)  # fmt: skip
BIRTHS = (
    "2011-02-28",
    "2011-03-01",
    "2011-03-02",
    "2009-03-01",
    "2008-02-29",
    "2008-03-02",
    "2012-02-29",
    None,
)


@dataclass(frozen=True)
class Served:
    """The published source and a client of it."""

    client: httpx.Client
    reference: Reference


@pytest.fixture(scope="module")
def served(
    make_database: MakeDatabase, night: Night, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """One night on requests, incidents, consents and births of the days above."""
    url, data_dir = make_database(), tmp_path_factory.mktemp("status")
    with psycopg.connect(url) as connection:
        _fill(connection)
    run = night(url, data_dir, as_of=AS_OF)
    assert run.state is RunState.PUBLISHED, run.error
    with client_of(settings_for(data_dir)) as client, reference_at(url, AS_OF) as reference:
        yield Served(client, reference)


@pytest.mark.parametrize("school", [None, *SCHOOLS])
def test_status_equals_plain_sql(served: Served, school: str | None) -> None:
    """Guards against a figure that is right on ordinary days only."""
    school_id = _id(school) if school else None
    shown = _get(served, "/compliance/status", school_id)
    wanted = served.reference.status(str(school_id) if school_id else None)
    requests, minors, incidents = shown["requests"], shown["minors"], shown["incidents"]
    figures = {
        **{name: requests[name] for name in ("open", "overdue", "due_within_7_days", "closed_in_time_rate")},
        "minors": minors["total"],
        "without_parental_consent": minors["without_parental_consent"],
        "incidents_open": incidents["open"],
        "notified_late": incidents["notified_late"],
        "erasures": shown["erasures"]["completed"],
        "coverage": [(row["purpose"], row["coverage"]) for row in shown["consents"]],
    }
    assert _close(figures) == _close(wanted)
    assert wanted["open"] > 5
    assert wanted["overdue"] > 5
    assert wanted["minors"] > 0
    assert shown["overall"] == "breach"
    assert shown["erasures"]["unproven"] == 0
    assert sum(kind["open"] for kind in requests["by_kind"]) == requests["open"]


def test_every_deadline_equals_plain_sql(served: Served) -> None:
    """Guards against one wrong deadline that the sums do not show."""
    rows: list[dict[str, Any]] = []
    while page := _get(served, "/compliance/requests", None, limit=100, offset=len(rows)):
        rows += page
    shown = {row["request_id"]: (row["due_date"], row["is_overdue"], row["received_date"]) for row in rows}
    assert shown == served.reference.due_dates()
    assert len(shown) > 200


def test_every_mart_is_in_the_register(served: Served) -> None:
    """Guards against a new mart that nobody entered in the register of processing."""
    register = _get(served, "/compliance/status", None)["processing_register"]
    assert register["documented"] == register["total"] > 30


def test_what_is_kept_too_long(served: Served) -> None:
    """Guards against a retention limit that nobody counts."""
    for row in _get(served, "/compliance/status", None)["retention"]:
        if row["table"] == "analytics":
            assert row["rows_overdue"] == served.reference.events_older_than(row["limit_days"]) == 1
            assert row["oldest"] == "2021-03-01T23:29:59Z"


def test_receipts_over_http(served: Served) -> None:
    """Guards against a receipt of another school, and against one for a request that erased nobody."""
    erased = [
        row for row in _get(served, "/compliance/requests", None, limit=100) if row["kind"] == "erasure"
    ]
    done = next(row for row in erased if row["status"] == "completed")
    path = f"/compliance/erasures/{done['request_id']}"
    assert _get(served, path, None)["request_id"] == done["request_id"]
    stranger = bearer("admin", UUID(int=9))
    assert served.client.get(BASE + path, headers=stranger).status_code == 404
    open_one = next(row for row in erased if row["status"] == "received")
    status = served.client.get(
        f"{BASE}/compliance/erasures/{open_one['request_id']}", headers=bearer("admin")
    )
    assert status.status_code == 404


def _get(served: Served, path: str, school_id: UUID | None, **params: Any) -> Any:
    answer = served.client.get(BASE + path, params=params, headers=bearer("admin", school_id))
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def _close(figures: dict[str, Any]) -> dict[str, Any]:
    rounded = {
        name: round(value, 9) if isinstance(value, float) else value for name, value in figures.items()
    }
    return rounded | {"coverage": [(name, value and round(value, 9)) for name, value in figures["coverage"]]}


def _id(name: str) -> UUID:
    return uuid5(NAMES, name)


def _fill(connection: psycopg.Connection[Any]) -> None:
    for code, (country, zone) in SCHOOLS.items():
        connection.execute(
            "INSERT INTO schools (id, code, name, country, timezone) VALUES (%s, %s, %s, %s, %s)",
            [_id(code), code, code, country, zone],
        )
        _people(connection, code)
        _requests(connection, code)
        _incidents(connection, code)
    old = AS_OF - timedelta(days=1095)
    for moment in (old, old - timedelta(seconds=1)):
        connection.execute(
            "INSERT INTO analytics (user_id, event_type, created_at) VALUES (%s, 'login', %s)",
            [_id("cph-0"), moment],
        )


def _people(connection: psycopg.Connection[Any], code: str) -> None:
    for number, born in enumerate(BIRTHS):
        person = _id(f"{code}-{number}")
        connection.execute(
            "INSERT INTO users (id, school_id, username, email, role, birth_date, is_active) "
            "VALUES (%s, %s, %s, %s, 'STUDENT', %s, %s)",
            [person, _id(code), f"{code}{number}", f"{code}{number}@x.org", born, number != 3],
        )
        for purpose, given_by, withdrawn in (
            ("analytics", "parent" if number % 2 else "self", AS_OF if number == 5 else None),
            ("leaderboard", "self", AS_OF + timedelta(seconds=1) if number == 2 else None),
        ):
            connection.execute(
                "INSERT INTO consents "
                "(id, user_id, purpose, policy_version, given_by, given_at, withdrawn_at) "
                "VALUES (%s, %s, %s, 'v1', %s, %s, %s)",
                [_id(f"{person}{purpose}"), person, purpose, given_by, AS_OF - timedelta(days=9), withdrawn],
            )


def _requests(connection: psycopg.Connection[Any], code: str) -> None:
    kinds = ("access", "portability", "erasure", "objection", "rectification")
    for number, text in enumerate(RECEIVED):
        received = datetime.fromisoformat(text).replace(tzinfo=UTC)
        for place, (state, days) in enumerate(STATES):
            closed = min(received + timedelta(days=days), AS_OF) if days else None
            told = received + timedelta(days=28 + place) if (number + place) % 3 == 0 else None
            kind = kinds[(number + place) % len(kinds)]
            # Erasures name somebody who has never been known here: the figures keep everybody else.
            user = _id(f"gone-{number}-{place}") if kind == "erasure" else _id(f"{code}-{place}")
            school = _id(code) if place % 2 or kind == "erasure" else None
            connection.execute(
                "INSERT INTO data_subject_requests (id, user_id, school_id, kind, status, received_at, "
                "extension_months, extension_notified_at, completed_at) "
                "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
                [_id(f"{code}-{number}-{place}"), user, school, kind, state, received, place % 3,
                 told if told and told <= AS_OF else None, closed],
            )  # fmt: skip


def _incidents(connection: psycopg.Connection[Any], code: str) -> None:
    aware = datetime.combine(date(2024, 2, 20), datetime.min.time(), UTC)
    for number, (began, seconds, closed) in enumerate(
        [
            (aware, 72 * 3600, aware),
            (aware, 72 * 3600 + 1, None),
            (AS_OF - timedelta(hours=72), None, None),
            (AS_OF - timedelta(hours=72, seconds=1), None, None),
        ]
    ):
        told = began + timedelta(seconds=seconds) if seconds else None
        connection.execute(
            "INSERT INTO security_incidents (id, school_id, aware_at, notified_at, closed_at) "
            "VALUES (%s, %s, %s, %s, %s)",
            [_id(f"{code}-incident-{number}"), _id(code) if number else None, began, told, closed],
        )
