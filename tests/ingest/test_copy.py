"""A first copy: every column with its type, keys, defaults, counts."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import psycopg
import pytest

from ingest.errors import SchemaError, SourceError
from ingest.source import open_source
from tests.ingest.conftest import School, ingest_from


def test_every_table_arrives_with_its_columns(school: School) -> None:
    zone, lesson = school.school("Europe/Copenhagen"), school.lesson()
    user = school.user(zone)
    school.run(
        "UPDATE users SET birth_date = '2012-02-29', leaderboard_opt_out = true, last_login = %s",
        "2026-03-01T09:00:00+02:00",
    )
    school.run("UPDATE schools SET country = 'D'")
    class_id = school.run(
        "INSERT INTO classes (school_id, teacher_id, name) VALUES (%s, %s, 'A') RETURNING id", zone, user
    )
    school.run("INSERT INTO class_enrollments (class_id, student_id) VALUES (%s, %s)", class_id, user)
    school.run("INSERT INTO contents (lesson_id, kind) VALUES (%s, 'video')", lesson)
    quiz = school.run(
        "INSERT INTO quizzes (lesson_id, title, pass_score) VALUES (%s, 'Q', 55.5) RETURNING id", lesson
    )
    school.run("INSERT INTO quiz_attempts (quiz_id, user_id, score) VALUES (%s, %s, 99.99)", quiz, user)
    school.run("INSERT INTO leaderboard (user_id, total_xp) VALUES (%s, 5000000000)", user)
    school.run(
        "INSERT INTO consents (user_id, purpose, policy_version, given_at) "
        "VALUES (%s, 'analytics', '1', now())",
        user,
    )
    school.run(
        "INSERT INTO data_subject_requests (user_id, kind, status, received_at) "
        "VALUES (%s, 'access', 'received', now())",
        user,
    )
    school.run("INSERT INTO security_incidents (aware_at, subjects_affected) VALUES (now(), 3)")
    school.progress(user, lesson)
    school.event(user, lesson=lesson)

    report = school.ingest()

    assert {table.table: table.rows_total for table in report.tables} == {
        table.table: 1 for table in report.tables
    }
    assert len(report.tables) == 15
    assert report.missing_tables == report.missing_columns == report.ignored_columns == ()
    assert school.rows(
        "SELECT birth_date, leaderboard_opt_out, last_login, role, first_name FROM raw.users"
    ) == [(date(2012, 2, 29), True, datetime.fromisoformat("2026-03-01T07:00"), "STUDENT", "Ann")]
    assert school.rows("SELECT country, timezone, zone FROM raw.schools") == [
        ("D", "Europe/Copenhagen", "Europe/Copenhagen")
    ]
    assert school.value("SELECT score FROM raw.quiz_attempts") == Decimal("99.99")
    assert school.value("SELECT pass_score FROM raw.quizzes") == Decimal("55.50")
    assert school.value("SELECT total_xp FROM raw.leaderboard") == 5_000_000_000
    assert school.value("SELECT progress_percentage FROM raw.user_progress") == Decimal("12.50")
    joined = school.rows("""
        SELECT u.id, l.id, a.xp_earned, a.created_at, a.local_date
        FROM raw.analytics AS a JOIN raw.users AS u USING (user_key) JOIN raw.lessons AS l USING (lesson_key)
        JOIN raw.schools AS s USING (school_key) JOIN raw.classes AS c ON c.teacher_key = u.user_key
        JOIN raw.class_enrollments AS e ON e.class_key = c.class_key AND e.student_key = u.user_key""")
    assert joined == [(user, lesson, 5, datetime.fromisoformat("2026-03-02T10:00"), date(2026, 3, 2))]
    assert school.contents()["users"][0][0] == user


def test_keys_start_at_one_and_orphans_have_keys_too(school: School) -> None:
    user = school.user()
    school.event(user)
    gone = school.user()
    school.event(gone)
    school.run("DELETE FROM users WHERE id = %s", gone)
    report = school.ingest()
    assert sorted(school.rows("SELECT id, key FROM raw.key_users"), key=lambda row: row[1]) == [
        (user, 1),
        (gone, 2),
    ]
    assert (report.table("analytics").orphans, report.table("analytics").rows_total) == (1, 2)


def test_as_of_is_the_transactions_now_and_rows_after_it_are_future(school: School) -> None:
    user = school.user()
    school.event(user, "2026-03-02T10:00:00+00:00")
    school.event(user, "2026-03-02T10:00:01+00:00")
    before = school.run("SELECT now()")
    own = school.ingest()
    assert before <= own.as_of <= before + timedelta(seconds=30)
    assert own.table("analytics").future == 0

    given = school.ingest(as_of=datetime.fromisoformat("2026-03-02T11:00:00+01:00"))
    assert given.as_of == datetime(2026, 3, 2, 10, tzinfo=UTC)
    assert given.table("analytics").future == 1
    assert school.rows("SELECT * FROM raw.current_batch") == [(2, datetime.fromisoformat("2026-03-02T10:00"))]
    assert school.value("SELECT count(*) FROM raw.analytics") == 2
    with pytest.raises(ValueError, match="time zone"):
        school.ingest(as_of=datetime.fromisoformat("2026-03-02T00:00"))


def test_an_orphan_in_the_future_is_counted_once(school: School) -> None:
    """Counted in both, facts + orphans + future would exceed the rows and the accounting audit would fail."""
    gone, user = school.user(), school.user()
    school.event(gone, "2026-03-03T00:00:00+00:00")
    school.event(gone, "2026-03-01T00:00:00+00:00")
    school.event(user, "2026-03-01T00:00:00+00:00")
    school.run("DELETE FROM users WHERE id = %s", gone)
    table = school.ingest(as_of=datetime(2026, 3, 2, tzinfo=UTC)).table("analytics")
    assert (table.rows_total, table.future, table.orphans) == (3, 1, 1)


def test_orphans_of_every_kind(school: School) -> None:
    user = school.user()
    nowhere = school.lesson()
    school.run("DELETE FROM lessons WHERE id = %s", nowhere)
    school.event(user, lesson=nowhere)
    school.event(user, lesson=None)
    school.run("ALTER TABLE analytics ALTER user_id DROP NOT NULL")
    school.run("INSERT INTO analytics (event_type, created_at) VALUES ('login', now() - interval '1 day')")
    school.progress(user, nowhere)
    school.run("INSERT INTO quiz_attempts (quiz_id, user_id) VALUES (gen_random_uuid(), %s)", user)
    quiz = school.run("INSERT INTO quizzes (lesson_id, title) VALUES (%s, 'Q') RETURNING id", nowhere)
    school.run("INSERT INTO quiz_attempts (quiz_id, user_id) VALUES (%s, %s)", quiz, user)
    school.run("INSERT INTO class_enrollments (class_id, student_id) VALUES (gen_random_uuid(), %s)", user)
    report = school.ingest()
    orphans = {table.table: table.orphans for table in report.tables if table.orphans}
    assert orphans == {"analytics": 2, "user_progress": 1, "quiz_attempts": 1, "class_enrollments": 1}


def test_the_smallest_installation(smallest: School) -> None:
    lesson = smallest.lesson()
    user = smallest.run(
        "INSERT INTO users (username, email, role) VALUES ('u', 'u@example.org', 'STUDENT') RETURNING id"
    )
    smallest.run("INSERT INTO quizzes (lesson_id, title) VALUES (%s, 'Q')", lesson)
    smallest.event(user, "2026-03-02T23:30:00+00:00", lesson)
    report = smallest.ingest()
    assert set(report.missing_tables) == {
        "schools",
        "contents",
        "leaderboard",
        "consents",
        "data_subject_requests",
        "security_incidents",
    }
    assert set(report.missing_columns) == {
        "users.school_id",
        "users.birth_date",
        "users.leaderboard_opt_out",
        "courses.subject",
        "classes.school_id",
        "quizzes.pass_score",
        "quizzes.due_at",
    }
    assert smallest.rows("SELECT school_key, birth_date, leaderboard_opt_out FROM raw.users") == [
        (None, None, False)
    ]
    assert smallest.value("SELECT pass_score FROM raw.quizzes") == 70
    assert smallest.value("SELECT local_date FROM raw.analytics") == date(2026, 3, 2)
    assert smallest.value("SELECT count(*) FROM raw.consents") == 0
    assert smallest.ingest().table("analytics").rows_inserted == 0


def test_a_role_with_select_only_is_enough_and_less_is_named(school: School) -> None:
    user = school.user()
    school.event(user)
    role = f"reader_{school.source.info.dbname}"
    create = psycopg.sql.SQL("CREATE ROLE {0} LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO {0}")
    school.source.execute(create.format(psycopg.sql.Identifier(role)))
    url = school.url.replace("//postgres", f"//{role}")
    assert role in url
    assert ingest_from(url, school.warehouse).table("analytics").rows_inserted == 1

    school.source.execute(
        psycopg.sql.SQL("REVOKE SELECT ON users FROM {}").format(psycopg.sql.Identifier(role))
    )
    with pytest.raises(SchemaError, match="table users may not be read"):
        ingest_from(url, school.warehouse)
    school.run("ALTER TABLE analytics ENABLE ROW LEVEL SECURITY")
    school.source.execute(psycopg.sql.SQL("GRANT SELECT ON users TO {}").format(psycopg.sql.Identifier(role)))
    with pytest.raises(SourceError, match='row-level security policy for table "analytics"'):
        ingest_from(url, school.warehouse)


def test_the_session_at_the_source(school: School) -> None:
    """A session that may write, or that sees its own snapshot per statement, gives numbers that disagree."""
    with open_source(school.url) as source, source.share() as other:
        for connection in (source, other):
            row = connection.query(
                "SELECT current_setting('TimeZone') AS zone, "
                "current_setting('transaction_isolation') AS level, "
                "current_setting('transaction_read_only') AS read_only, "
                "current_setting('application_name') AS application"
            ).to_pylist()[0]
            assert row == {
                "zone": "UTC",
                "level": "repeatable read",
                "read_only": "on",
                "application": "schoolhouse-ingest",
            }
        school.user()
        assert other.query("SELECT count(*) AS n FROM users").to_pylist() == [{"n": 0}]
        with pytest.raises(SourceError, match="read-only transaction"):
            source.query("CREATE TABLE public.mine (a int)")


def test_readers_come_and_go_in_many_threads(school: School) -> None:
    """They share the driver's database, which counts its connections without a lock of its own."""
    school.user()
    with open_source(school.url) as source, ThreadPoolExecutor(8) as threads:

        def seen(_: int) -> int:
            with source.share() as other:
                return int(other.query("SELECT count(*) AS n FROM users")["n"][0].as_py())

        assert list(threads.map(seen, range(64))) == [1] * 64
        assert source.query("SELECT count(*) AS n FROM users").to_pylist() == [{"n": 1}]


def test_large_tables_are_read_by_two_readers(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    """A block range read twice or not at all would go unnoticed in small tables."""
    user = school.user()
    school.run(
        "INSERT INTO analytics (user_id, event_type, created_at) "
        "SELECT %s, 'login', timestamptz '2026-01-01' + g * interval '1 minute' "
        "FROM generate_series(1, 20000) g",
        user,
    )
    school.run("DELETE FROM analytics WHERE id %% 3 = 0")
    monkeypatch.setattr("ingest.read.PARALLEL_PAGES", 7)
    report = school.ingest()
    expected = school.run("SELECT count(*) || '/' || sum(id) FROM analytics")
    assert school.value("SELECT count(*) || '/' || sum(id) FROM raw.analytics") == expected
    assert report.table("analytics").rows_read == 13_334
    assert school.ingest().touched_dates == 0
