"""Models over progress and attempts follow touched people: what changes around a row that stays as it is."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import LiteralString

import psycopg
import pytest

from demo.generate import generate
from tests.conftest import SCHOOL_AS_OF, MakeDatabase, Night, settings_of
from tests.nights.comparison import differences
from tests.nights.test_nights import OWN_HISTORY, play

pytestmark = pytest.mark.slow

# A row each, so that nothing else of the same night makes the row of a person anew.
NIGHTS: tuple[tuple[LiteralString, ...], ...] = (
    (
        "UPDATE lessons SET course_id = (SELECT max(id::text)::uuid FROM courses)"
        " WHERE id = (SELECT lesson_id FROM user_progress WHERE lesson_id IN (SELECT id FROM lessons)"
        " GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1)",
        "UPDATE quizzes SET pass_score = 99 WHERE id = (SELECT quiz_id FROM quiz_attempts"
        " WHERE quiz_id IN (SELECT id FROM quizzes) GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1)",
        "UPDATE users SET school_id = (SELECT id FROM schools ORDER BY timezone DESC LIMIT 1)"
        " WHERE id IN (SELECT user_id FROM user_progress ORDER BY user_id LIMIT 40)",
        "DELETE FROM user_progress WHERE id IN (SELECT id FROM user_progress ORDER BY id LIMIT 1)",
        "DELETE FROM quiz_attempts WHERE id IN (SELECT id FROM quiz_attempts ORDER BY id LIMIT 1)",
        "CREATE TABLE gone_lessons AS SELECT * FROM lessons ORDER BY id LIMIT 2",
        "DELETE FROM lessons WHERE id IN (SELECT id FROM gone_lessons)",
        # Somebody whose rows were nobody's until now.
        "UPDATE user_progress SET user_id = md5(id::text)::uuid, "
        "updated_at = updated_at + interval '1 second' WHERE user_id ="
        " (SELECT max(id::text)::uuid FROM users WHERE role = 'STUDENT')",
    ),
    (
        "INSERT INTO lessons SELECT * FROM gone_lessons",
        "UPDATE schools SET timezone = 'Pacific/Tongatapu' WHERE id = (SELECT school_id FROM users"
        " WHERE role = 'STUDENT' AND school_id IS NOT NULL GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1)",
        "INSERT INTO users (id, username, email, first_name, last_name, role, created_at, updated_at)"
        " SELECT user_id, user_id::text, user_id::text, 'Late', 'Comer', 'STUDENT', min(created_at),"
        " min(created_at) FROM user_progress WHERE user_id NOT IN (SELECT id FROM users)"
        " GROUP BY 1 ORDER BY 1 LIMIT 3",
        "DELETE FROM users WHERE id = (SELECT user_id FROM quiz_attempts JOIN users ON users.id = user_id"
        " WHERE role = 'STUDENT' ORDER BY user_id LIMIT 1)",
        "DELETE FROM courses WHERE id = (SELECT max(id::text)::uuid FROM courses)",
        "UPDATE quizzes SET lesson_id = NULL WHERE id = (SELECT max(id::text)::uuid FROM quizzes"
        " WHERE lesson_id IS NOT NULL)",
    ),
)


@pytest.mark.timeout(900)
def test_nights_in_which_only_the_surroundings_change_equal_a_build_from_scratch(
    make_database: MakeDatabase, night: Night, tmp_path: Path
) -> None:
    """Guards against progress and mastery that keep an old course, school, date or pass score unnoticed."""
    source_url = make_database()
    generate(source_url, learners=30, events=2_000, days=60, seed=13, as_of=SCHOOL_AS_OF)
    kept = tmp_path / "kept"
    play(night, source_url, kept, SCHOOL_AS_OF)
    found = []
    for number, changes in enumerate(NIGHTS, start=1):
        with psycopg.connect(source_url) as connection:
            connection.execute("SET session_replication_role = replica")
            counts = [connection.execute(change).rowcount for change in changes]
        assert all(counts), counts
        as_of = SCHOOL_AS_OF + timedelta(minutes=number)
        scratch = tmp_path / f"scratch_{number}"
        play(night, source_url, kept, as_of)
        play(night, source_url, scratch, as_of)
        sides = [settings_of(source_url, folder) for folder in (kept, scratch)]
        found.append(differences(*sides, without=OWN_HISTORY))

    assert found == [{}] * len(NIGHTS)
