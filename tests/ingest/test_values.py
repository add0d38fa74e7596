"""Values that raw cannot hold exactly stop the run and are named by table and column, never shown."""

from __future__ import annotations

from datetime import date
from typing import LiteralString

import pytest

from ingest.errors import DuplicateKeyError, ValueRefusedError
from tests.ingest.conftest import School


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("UPDATE users SET last_login = 'infinity'", r"^users\.last_login: a value is infinite"),
        ("UPDATE users SET last_login = '-infinity'", r"^users\.last_login: a value is infinite"),
        (
            "UPDATE users SET last_login = '12026-01-01'",
            r"^users\.last_login: .* outside the years 1 to 9999",
        ),
        ("UPDATE users SET birth_date = 'infinity'", r"^users\.birth_date: a value is infinite"),
        ("UPDATE users SET birth_date = '0044-03-15 BC'", r"^users\.birth_date: .* outside"),
        ("UPDATE analytics SET created_at = 'infinity'", r"^analytics\.created_at: a value is infinite"),
        (
            "ALTER TABLE analytics ALTER xp_earned TYPE bigint; UPDATE analytics SET xp_earned = 4000000000",
            r"^analytics\.xp_earned: 1 values do not fit INTEGER",
        ),
        (
            "ALTER TABLE quiz_attempts ALTER score TYPE numeric(9,2);"
            "INSERT INTO quiz_attempts (quiz_id, user_id, score) SELECT id, id, 98765.4 FROM users",
            r"^quiz_attempts\.score: 1 values do not fit DECIMAL\(5, 2\)",
        ),
        (
            "INSERT INTO quiz_attempts (quiz_id, user_id, score) SELECT id, id, 'NaN' FROM users",
            r"^quiz_attempts\.score: 1 values do not fit",
        ),
        (
            "ALTER TABLE analytics ALTER xp_earned DROP NOT NULL; UPDATE analytics SET xp_earned = NULL",
            r"^analytics\.xp_earned: NULL in 1 rows",
        ),
    ],
)
def test_refused_values(school: School, change: LiteralString, message: str) -> None:
    """PostgreSQL's infinity arrives as a date before Christ, and numeric NaN as text."""
    school.event(school.user())
    school.run(change)
    with pytest.raises(ValueRefusedError, match=message) as caught:
        school.ingest()
    for value in ("4000000000", "98765", "NaN"):
        assert value not in str(caught.value)
    assert caught.value.__cause__ is None
    assert school.value(f"SELECT count(*) FROM raw.{caught.value.table}") == 0
    assert school.value("SELECT count(*) FROM raw.current_batch") == 0


def test_a_value_refused_on_a_later_night_leaves_the_table_as_it_was(school: School) -> None:
    user = school.user()
    school.event(user)
    school.ingest()
    before = school.contents()
    school.event(user, "infinity")
    with pytest.raises(ValueRefusedError):
        school.ingest()
    assert school.contents() == before


def test_the_ends_of_the_calendar_have_a_local_date(school: School) -> None:
    """A due date in the year 9999 must neither overflow nor make millions of rows in raw.zone_days."""
    user = school.user(school.school("America/New_York"))
    school.event(user, "0001-01-05T00:00:00+00:00")
    school.event(user, "9999-12-30T00:00:00+00:00")
    school.run("INSERT INTO quizzes (title, due_at) VALUES ('Q', '9999-12-31T23:59:59Z')")
    school.ingest()
    assert school.rows("SELECT local_date FROM raw.analytics ORDER BY 1") == [
        (date(1, 1, 4),),
        (date(9999, 12, 29),),
    ]
    assert school.value("SELECT count(*) FROM raw.zone_days") < 100


@pytest.mark.parametrize(
    ("change", "table"),
    [
        (
            "ALTER TABLE users DROP CONSTRAINT users_pkey CASCADE; INSERT INTO users SELECT * FROM users",
            "users",
        ),
        (
            "ALTER TABLE analytics DROP CONSTRAINT analytics_pkey;"
            "INSERT INTO analytics OVERRIDING SYSTEM VALUE SELECT * FROM analytics",
            "analytics",
        ),
    ],
)
def test_duplicate_keys_are_refused_first_and_later(
    school: School, change: LiteralString, table: str
) -> None:
    school.run("ALTER TABLE users DROP CONSTRAINT users_username_key, DROP CONSTRAINT users_email_key")
    school.event(school.user())
    school.ingest()
    school.run(change)
    with pytest.raises(DuplicateKeyError, match=rf"^{table}: 1 values of \(id\)"):
        school.ingest()
    school.warehouse.execute("DROP SCHEMA raw CASCADE")
    with pytest.raises(DuplicateKeyError, match=rf"^{table}: 1 values"):
        school.ingest()


def test_people_may_be_called_anything(school: School) -> None:
    user = school.user()
    name = "Robert'); DROP TABLE raw.users; -- 🎓 \u202e"
    school.run("UPDATE users SET first_name = %s, role = 'TEACHER' WHERE id = %s", name, user)
    school.ingest()
    assert school.rows("SELECT first_name FROM raw.users") == [(name,)]
