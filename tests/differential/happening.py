"""What happens while somebody looks: fresh events, and the answer once the follower has read them."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from .api_cases import Caller, Case
from .asking import Source
from .compare import json_differences

PATIENCE_SECONDS = 20
MINUTES_AGO = (0.1, 0.2, 1, 4, 6, 30, 300, 1500, 3000)


def let_things_happen(source: Source) -> None:
    """Insert events of everybody: now, minutes, hours and days ago; and orphans."""
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


def settled(source: Source, caller: Caller) -> Any:
    """Ask until the follower has read what was just inserted, which may take one of its rounds."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        answer = source.api.get("/analytics/realtime", caller.claims)["data"]
        if not json_differences(
            answer["activities_today"], expected(source, caller, answer)["activities_today"]
        ):
            return answer
        if time.monotonic() > deadline:
            return answer
        time.sleep(0.2)


def expected(source: Source, caller: Caller, answer: Any) -> Any:
    """Return what plain SQL says about the moment that the answer is about."""
    values = {"observed_at": answer["observed_at"]}
    return source.expected(Case(caller, "/analytics/realtime", "api_realtime", values=values))
