"""Where people are (school and zone) and which lessons exist, before and after a table was loaded.

Who came, went, moved school, or whose school changed its zone, has events under another school, under
another local date, or newly (no longer) orphaned.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Literal

import duckdb

from ingest.touched import move_events
from ingest.touched_people import touch_people
from ingest.warehouse import integer

Link = Literal["user_key", "lesson_key"]

_PEOPLE = """
    SELECT person.user_key, coalesce(school.school_key, 0) AS school_key, coalesce(school.zone, 'UTC') AS zone
    FROM raw.users AS person LEFT JOIN raw.schools AS school ON school.school_key = person.school_key"""
_STATE: dict[Link, str] = {
    "user_key": f"SELECT user_key AS key, school_key, zone FROM ({_PEOPLE})",
    "lesson_key": "SELECT lesson_key AS key, 0 AS school_key, '' AS zone FROM raw.lessons",
}


def locate_people(connection: duckdb.DuckDBPyConnection) -> None:
    """ingest_people(user_key, school_key, zone): everybody in raw.users; school 0 is none."""
    connection.execute(f"CREATE OR REPLACE TEMP TABLE ingest_people AS {_PEOPLE}")


@contextmanager
def following(
    connection: duckdb.DuckDBPyConnection,
    batch_id: int,
    link: Link | None,
    known: int,
    corrected_zones: Collection[str],
) -> Iterator[None]:
    """Move the events of those whose state differs after the block, and note the people.

    Keys above `known` are new: they have no rows yet.
    """
    if link is None:
        yield
        return
    connection.execute(f"CREATE OR REPLACE TEMP TABLE ingest_before AS {_STATE[link]}")
    yield
    connection.execute(f"CREATE OR REPLACE TEMP TABLE ingest_after AS {_STATE[link]}")
    locate_people(connection)
    connection.execute(
        """
        CREATE OR REPLACE TEMP TABLE ingest_changed AS
        SELECT coalesce(was.key, now.key) AS key
        FROM ingest_before AS was FULL JOIN ingest_after AS now ON now.key = was.key
        WHERE coalesce(was.key, now.key) <= $1
            AND (was.zone IS DISTINCT FROM now.zone OR was.school_key IS DISTINCT FROM now.school_key
                 OR now.zone IN (SELECT unnest($2::VARCHAR[])))""",
        [known, sorted(corrected_zones)],
    )
    if integer(connection, "SELECT count(*) FROM ingest_changed"):
        move_events(connection, batch_id, link)
    if link == "user_key":
        touch_people(connection, "SELECT key FROM ingest_changed")
