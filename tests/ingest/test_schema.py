"""The source's schema is judged before anything is written."""

from __future__ import annotations

from typing import LiteralString

import pytest

from ingest.errors import SchemaError
from tests.ingest.conftest import School


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("DROP TABLE lessons CASCADE", "table lessons is missing"),
        ("ALTER TABLE users DROP COLUMN role", r"column users\.role is missing"),
        (
            "ALTER TABLE analytics ALTER created_at TYPE timestamp",
            r"column analytics\.created_at has type timestamp without time zone, expected timestamptz",
        ),
        (
            "ALTER TABLE analytics ALTER xp_earned TYPE text",
            r"analytics\.xp_earned has type text, expected integer",
        ),
        (
            "ALTER TABLE users ALTER is_active DROP DEFAULT, ALTER is_active TYPE int USING 1",
            r"users\.is_active",
        ),
        (
            "ALTER TABLE quiz_attempts ALTER score TYPE numeric",
            r"quiz_attempts\.score has type numeric, which numeric\(5,2\) cannot hold without rounding",
        ),
        ("ALTER TABLE quiz_attempts ALTER score TYPE numeric(6,3)", r"quiz_attempts\.score has type numeric"),
        (
            "ALTER TABLE quiz_attempts ALTER score TYPE double precision",
            r"quiz_attempts\.score has type double",
        ),
        ("ALTER TABLE contents ALTER title TYPE bytea USING NULL", r"contents\.title has type bytea"),
    ],
)
def test_what_does_not_fit_is_named_and_nothing_is_written(
    school: School, change: LiteralString, message: str
) -> None:
    school.run(change)
    with pytest.raises(SchemaError, match=message):
        school.ingest()
    assert school.value("SELECT count(*) FROM duckdb_tables()") == 0


def test_all_problems_are_told_at_once(school: School) -> None:
    school.run("ALTER TABLE users DROP COLUMN role, DROP COLUMN email; DROP TABLE user_progress")
    with pytest.raises(SchemaError) as caught:
        school.ingest()
    assert len(caught.value.problems) == 3
    assert caught.value.code == "schema_mismatch"


def test_lossless_types_are_accepted(school: School) -> None:
    lesson = school.lesson()
    school.run("""
        ALTER TABLE users ALTER role TYPE text, ALTER email TYPE varchar(200), ALTER username TYPE char(20);
        CREATE DOMAIN points AS bigint;
        ALTER TABLE analytics ALTER xp_earned TYPE points;
        ALTER TABLE analytics DROP CONSTRAINT analytics_pkey;
        ALTER TABLE analytics ALTER id TYPE integer;
        ALTER TABLE lessons ALTER position TYPE smallint;
        CREATE TYPE kind AS ENUM ('video');
        ALTER TABLE contents ALTER kind TYPE kind USING 'video';
        ALTER TABLE user_progress ALTER progress_percentage TYPE smallint;
        ALTER TABLE quiz_attempts ALTER score TYPE numeric(9,1)""")
    user = school.user()
    school.event(user)
    school.run("INSERT INTO contents (lesson_id, kind) VALUES (%s, 'video')", lesson)
    school.progress(user, lesson)
    school.run(
        "INSERT INTO quiz_attempts (quiz_id, user_id, score) VALUES (gen_random_uuid(), %s, 7.5)", user
    )
    school.ingest()
    assert school.rows("SELECT username, role FROM raw.users") == [("u0", "STUDENT")]
    assert school.value("SELECT xp_earned FROM raw.analytics") == 5
    assert school.value("SELECT kind FROM raw.contents") == "video"
    assert str(school.value("SELECT progress_percentage FROM raw.user_progress")) == "13.00"
    assert str(school.value("SELECT score FROM raw.quiz_attempts")) == "7.50"
    assert school.ingest().touched_dates == 0


def test_new_columns_are_ignored_and_named_once(school: School) -> None:
    school.run("ALTER TABLE users ADD COLUMN shoe_size int; ALTER TABLE analytics ADD COLUMN device text")
    school.event(school.user())
    report = school.ingest()
    assert report.ignored_columns == ("users.shoe_size", "analytics.device")


def test_an_optional_column_may_come_later(smallest: School) -> None:
    smallest.run("INSERT INTO quizzes (title) VALUES ('Q')")
    smallest.ingest()
    smallest.run("ALTER TABLE quizzes ADD COLUMN pass_score numeric(5,2) DEFAULT 40")
    report = smallest.ingest()
    assert "quizzes.pass_score" not in report.missing_columns
    assert smallest.value("SELECT pass_score FROM raw.quizzes") == 40


def test_views_and_partitioned_tables_are_read_like_tables(school: School) -> None:
    """They have no blocks of their own to read by."""
    school.event(school.user())
    school.run("""
        ALTER TABLE analytics RENAME TO events;
        CREATE VIEW analytics AS SELECT * FROM events;
        ALTER TABLE users RENAME TO people;
        CREATE TABLE users (LIKE people INCLUDING DEFAULTS) PARTITION BY HASH (id);
        CREATE TABLE users_0 PARTITION OF users FOR VALUES WITH (MODULUS 1, REMAINDER 0);
        INSERT INTO users SELECT * FROM people""")
    report = school.ingest()
    assert (report.table("analytics").rows_inserted, report.table("users").rows_inserted) == (1, 1)
    assert report.table("analytics").orphans == 0
