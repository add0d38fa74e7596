"""/analytics/realtime, the one answer about the real now, against plain SQL on the activity stream."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from .api_cases import ROLES, Caller, Case
from .asking import Source
from .compare import json_differences, report

pytestmark = pytest.mark.timeout(900)  # whichever test comes first waits for the nights to be built

PATIENCE_SECONDS = 20
MINUTES_AGO = (0.1, 0.2, 1, 4, 6, 30, 300, 1500, 3000)


@pytest.fixture(scope="session")
def happening(asked: Callable[[str], Source]) -> Source:
    """The edge cases with fresh events of everybody: now, minutes, hours and days ago; and orphans."""
    source = asked("leap-night")
    now = datetime.now(UTC)
    with psycopg.connect(source.night.source_url) as connection:
        people = connection.execute("SELECT id FROM users ORDER BY username").fetchall()
        lesson = connection.execute("SELECT id FROM lessons ORDER BY title LIMIT 1").fetchone()
        assert lesson is not None
        rows = [
            (person, lesson[0] if number % 2 else None, number, now - timedelta(minutes=minutes))
            for number, (person,) in enumerate(people)
            for minutes in MINUTES_AGO[number % 3 :: 3]
        ]
        nobody, nothing = "00000000-0000-4000-8000-0000000000aa", "00000000-0000-4000-8000-0000000000bb"
        orphans = [(nobody, None, 1, now), (people[0][0], nothing, 1, now)]
        connection.execute("SET session_replication_role = replica")
        with connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO analytics (user_id, event_type, lesson_id, xp_earned, created_at)"
                " VALUES (%s, 'login', %s, %s, %s)",
                rows + orphans,
            )
    return source


@pytest.mark.parametrize("role", ROLES)
def test_realtime_equals_plain_sql(role: str, happening: Source) -> None:
    """A follower that loses, doubles or misplaces events is wrong only while somebody looks."""
    for caller in happening.population.callers(role):
        answer = _settled(happening, caller)
        expected = _expected(happening, caller, answer)
        found = json_differences({name: answer[name] for name in expected}, expected)
        assert not found, f"{caller}: {report(found)}"
        assert set(answer) == {*expected, "observed_at", "lag_seconds"}
        assert 0 <= answer["lag_seconds"] < PATIENCE_SECONDS


def _settled(source: Source, caller: Caller) -> Any:
    """Ask until the follower has read what was just inserted, which may take one of its rounds."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        answer = source.api.get("/analytics/realtime", caller.claims)["data"]
        if not json_differences(
            answer["activities_today"], _expected(source, caller, answer)["activities_today"]
        ):
            return answer
        if time.monotonic() > deadline:
            return answer
        time.sleep(0.2)


def _expected(source: Source, caller: Caller, answer: Any) -> Any:
    values = {"observed_at": answer["observed_at"]}
    return source.expected(Case(caller, "/analytics/realtime", "api_realtime", values=values))
