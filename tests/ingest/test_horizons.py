"""What was written since the last batch is found by transaction ids, and nothing else is read again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, LiteralString

import psycopg
import pytest

from tests.ingest.conftest import School

Scratch = Callable[[], dict[str, list[tuple[Any, ...]]]]
AT = "2026-01-05T10:00:00+00:00"


@pytest.fixture
def follows_small_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables that are replaced are followed by transactions whatever their size."""
    monkeypatch.setattr("ingest.inquiry.LARGE_ROWS", 1)


def _two_people(school: School) -> tuple[Any, Any]:
    people, lesson = (school.user(), school.user()), school.lesson()
    group = school.run("INSERT INTO classes (name) VALUES ('A') RETURNING id")
    for user in people:
        school.run("INSERT INTO class_enrollments (class_id, student_id) VALUES (%s, %s)", group, user)
        school.event(user, AT, lesson)
        school.progress(user, lesson, AT)
    return people


@pytest.mark.usefixtures("follows_small_tables")
def test_only_rows_written_since_are_read(school: School, scratch: Scratch) -> None:
    """A change that leaves updated_at alone is lost to a cursor; reading all of a table costs its history."""
    user, _ = _two_people(school)
    school.ingest()
    school.run("UPDATE user_progress SET time_spent_seconds = 77 WHERE user_id = %s", user)
    school.run("UPDATE analytics SET xp_earned = 9 WHERE user_id = %s", user)
    school.run("UPDATE users SET role = 'TEACHER' WHERE id = %s", user)
    school.event(school.user(), AT)
    report = school.ingest()
    read = {table.table: table.rows_read for table in report.tables}
    assert (read["users"], read["user_progress"], read["analytics"], read["lessons"]) == (2, 1, 2, 0)
    assert school.contents() == scratch()


GOING: tuple[LiteralString, ...] = (
    "UPDATE user_progress SET id = gen_random_uuid()",
    "UPDATE user_progress SET user_id = (SELECT id FROM users WHERE username = 'u1'), "
    "lesson_id = gen_random_uuid()",
    "DELETE FROM analytics WHERE id = 2",
    "DELETE FROM class_enrollments WHERE student_id = (SELECT id FROM users WHERE username = 'u1')",
    "DELETE FROM user_progress WHERE user_id = (SELECT id FROM users WHERE username = 'u1')",
    "DELETE FROM users WHERE username = 'u1'",
)


@pytest.mark.usefixtures("follows_small_tables")
def test_what_is_gone_is_found_by_counts(school: School, scratch: Scratch) -> None:
    """A row that is gone leaves no transaction id behind; one that moved differs in two places."""
    _two_people(school)
    school.ingest()
    for sql in GOING:
        school.run(sql)
        school.user()
        report = school.ingest()
        assert sum(table.rows_deleted + table.rows_updated for table in report.tables) > 0, sql
    assert school.contents() == scratch()


@pytest.mark.usefixtures("follows_small_tables")
def test_a_new_column_with_a_default_is_read_whole(school: School, scratch: Scratch) -> None:
    """PostgreSQL keeps such a default in its catalogue: the rows are as old as before."""
    school.run("ALTER TABLE users DROP COLUMN leaderboard_opt_out")
    _two_people(school)
    school.ingest()
    school.run("ALTER TABLE users ADD COLUMN leaderboard_opt_out boolean NOT NULL DEFAULT true")
    school.ingest()
    assert school.rows("SELECT DISTINCT leaderboard_opt_out FROM raw.users") == [(True,)]
    assert school.contents() == scratch()


@pytest.mark.usefixtures("follows_small_tables")
def test_a_table_put_in_the_place_of_another_is_read_whole(school: School, scratch: Scratch) -> None:
    """Its rows were written before the last batch, and there may be as many."""
    _two_people(school)
    school.run("CREATE TABLE other (LIKE users INCLUDING ALL)")
    school.run("INSERT INTO other SELECT * FROM users")
    school.run("UPDATE other SET role = 'ADMIN'")
    school.ingest()
    school.run("ALTER TABLE users RENAME TO former")
    school.run("ALTER TABLE other RENAME TO users")
    school.ingest()
    assert school.rows("SELECT DISTINCT role FROM raw.users") == [("ADMIN",)]
    assert school.contents() == scratch()


@pytest.mark.parametrize("change", ["history = 'another run'", "xid = xid - 3000000000"])
def test_ids_of_another_run_or_another_round_tell_nothing(school: School, change: str) -> None:
    """After a restore ids are given again: a row as new as any would look old."""
    _two_people(school)
    school.ingest(settled=True)
    school.warehouse.execute(f"UPDATE raw.horizons SET {change}")
    # Damage that only a comparison of ids and moments finds.
    school.warehouse.execute(
        "UPDATE raw.analytics SET created_at = created_at + INTERVAL 1 HOUR WHERE id = 1"
    )
    school.warehouse.execute("UPDATE raw.watermarks SET last_id = 20000 WHERE table_name = 'analytics'")
    report = school.ingest(settled=True)
    assert report.table("analytics").rows_updated == 1
    assert school.value("SELECT count(DISTINCT xid) FROM raw.horizons WHERE xid > 0") == 1
    assert school.ingest(settled=True).table("analytics").rows_read == 0


def test_a_role_that_may_not_ask_compares_in_full(school: School, scratch: Scratch) -> None:
    """The horizon is a short cut: without it a night is slower, not wrong."""
    user, _ = _two_people(school)
    school.run("CREATE ROLE horizon_less LOGIN")
    school.run("GRANT SELECT ON ALL TABLES IN SCHEMA public TO horizon_less")
    school.run("REVOKE EXECUTE ON FUNCTION pg_postmaster_start_time() FROM PUBLIC")
    school.url = psycopg.conninfo.make_conninfo(school.url, user="horizon_less")
    for _ in range(2):
        school.ingest(settled=True)
        assert school.value("SELECT count(*) FROM raw.horizons") == 0
        school.event(user, AT)
    assert school.ingest(settled=True).table("analytics").rows_read == 4
    assert school.contents() == scratch()


@pytest.mark.usefixtures("follows_small_tables")
def test_rows_of_erased_people_do_not_hide_others_that_are_gone(school: School, scratch: Scratch) -> None:
    """What stays behind at the source makes counts equal when as many rows go: they must be counted apart."""
    kept, erased = _two_people(school)
    third = school.user()
    school.event(third, AT)

    def is_erased(user: object) -> bool:
        return bool(user == erased)

    school.ingest(settled=True, is_erased=is_erased)
    school.event(erased, AT)  # a new row that stays behind, in the block of one that goes
    school.run("DELETE FROM analytics WHERE user_id = %s", third)
    school.run("DELETE FROM users WHERE id = %s", third)
    report = school.ingest(settled=True, is_erased=is_erased)
    assert (report.table("analytics").rows_deleted, report.table("users").rows_deleted) == (1, 1)
    assert school.rows("SELECT DISTINCT id FROM raw.users") == [(kept,)]
    assert school.ingest(settled=True, is_erased=is_erased).table("analytics").rows_read == 0


def test_a_view_has_no_horizon(school: School) -> None:
    """Rows of a view carry no transaction ids: asking for them would stop the night."""
    _two_people(school)
    school.run("ALTER TABLE analytics RENAME TO kept")
    school.run("CREATE VIEW analytics AS SELECT * FROM kept")
    for _ in range(2):
        assert school.ingest().table("analytics").rows_total == 2
    assert school.value("SELECT count(*) FROM raw.horizons WHERE table_name = 'analytics'") == 0


def test_a_transaction_that_was_open_holds_the_horizon_back(school: School) -> None:
    """A horizon at the newest id would leave out what an older transaction commits afterwards."""
    user, _ = _two_people(school)
    with psycopg.connect(school.url) as slow:
        slow.execute("SET session_replication_role = replica")
        slow.execute(
            "INSERT INTO analytics (user_id, event_type, created_at) VALUES (%s, 'login', %s)", (user, AT)
        )
        school.event(user, AT)
        school.ingest()
        slow.commit()
    report = school.ingest()
    assert report.table("analytics").rows_inserted == 1
    assert report.table("analytics").rows_read == 2  # the one behind the horizon is read again
