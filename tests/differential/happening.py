"""What happens while somebody looks: fresh events, and the answer once the follower has read them."""

import time
from datetime import UTC, datetime, timedelta

import psycopg

from .api_cases import Caller, Case
from .asking import Source, leave_out
from .compare import json_differences

PATIENCE_SECONDS = 60
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


def realtime_differences(source: Source, caller: Caller) -> list[str]:
    """Ask until the follower has read what was inserted, which may take one of its rounds; compare."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        found = _differences(source, caller)
        if not found or time.monotonic() > deadline:
            return found
        time.sleep(0.2)


def _differences(source: Source, caller: Caller) -> list[str]:
    answer, withheld = source.answered(Case(caller, "/analytics/realtime", "api_realtime"))
    lag, values = answer.pop("lag_seconds"), {"observed_at": answer.pop("observed_at")}
    expected = source.expected(Case(caller, "/analytics/realtime", "api_realtime", values=values))
    leave_out(withheld, answer, expected)
    late = [] if 0 <= lag < PATIENCE_SECONDS else [f"data.lag_seconds: {lag}"]
    return json_differences(answer, expected) + late
