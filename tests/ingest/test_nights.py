"""Nights after the first: what changed, came late or went, and the dates that are touched by it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import psycopg
import pytest

from ingest.errors import TruncationError, VanishedError
from tests.ingest.conftest import School

Scratch = Callable[[], dict[str, list[tuple[Any, ...]]]]


def test_a_quiet_night_writes_nothing(school: School) -> None:
    user, lesson = school.user(school.school("Asia/Tokyo")), school.lesson()
    school.event(user, lesson=lesson)
    school.progress(user, lesson)
    school.ingest()
    report = school.ingest(as_of=datetime.now(UTC))
    changes = [(t.rows_inserted, t.rows_updated, t.rows_deleted, t.late) for t in report.tables]
    assert set(changes) == {(0, 0, 0, 0)}
    assert report.touched_dates == 0
    assert school.value("SELECT max(batch_id) FROM raw.users") == 1
    assert report.batch_id == 2


def test_each_mode_follows_inserts_updates_and_deletes(school: School, scratch: Scratch) -> None:
    user, other, lesson = school.user(), school.user(), school.lesson()
    kept, gone = school.progress(user, lesson), school.progress(other, lesson)
    event = school.event(user, "2026-03-02T10:00:00+00:00")
    school.event(user, "2026-03-03T10:00:00+00:00")
    school.ingest()

    school.run("UPDATE users SET last_login = now() WHERE id = %s", user)  # updated_at is not touched
    school.run("DELETE FROM users WHERE id = %s", other)
    school.run("UPDATE user_progress SET progress_percentage = 100, updated_at = now() WHERE id = %s", kept)
    school.run("DELETE FROM user_progress WHERE id = %s", gone)
    school.run("DELETE FROM analytics WHERE id = %s", event)
    school.event(user, "2026-03-05T10:00:00+00:00")
    newest = school.user()
    report = school.ingest()

    def changes(name: str) -> tuple[int, int, int]:
        table = report.table(name)
        return table.rows_inserted, table.rows_updated, table.rows_deleted

    assert changes("users") == (1, 1, 1)
    assert changes("user_progress") == (0, 1, 1)
    assert changes("analytics") == (1, 0, 1)
    assert school.touched(2) == ["2026-03-02", "2026-03-05"]
    assert school.contents() == scratch()
    assert school.value("SELECT key FROM raw.key_users WHERE id = $1", newest) == 3
    assert school.value("SELECT count(*) FROM raw.key_users WHERE id = $1", other) == 1


def test_a_row_committed_late_with_an_old_cursor_is_found(school: School, scratch: Scratch) -> None:
    """Reading from the watermark on alone loses rows of transactions that were open last night."""
    user, lesson = school.user(), school.lesson()
    with psycopg.connect(school.url) as slow:
        slow.execute("SET session_replication_role = replica")
        slow.execute(
            "INSERT INTO analytics (user_id, event_type, created_at) VALUES (%s, 'login', %s)",
            (user, "2026-01-05T10:00:00+00:00"),
        )
        slow.execute(
            "INSERT INTO user_progress (user_id, lesson_id, created_at, updated_at) VALUES (%s, %s, %s, %s)",
            (user, lesson, "2026-01-05T10:00:00+00:00", "2026-01-06T10:00:00+00:00"),
        )
        school.run(
            "INSERT INTO analytics (user_id, event_type, created_at) "
            "SELECT %s, 'login', timestamptz '2026-03-02' FROM generate_series(1, 10001)",
            user,
        )
        school.progress(user, school.lesson(), "2026-03-02T00:00:00+00:00")
        school.ingest()
        slow.commit()
    report = school.ingest()
    assert report.table("analytics").rows_inserted == 1
    assert report.table("user_progress").rows_inserted == 1
    assert (report.table("analytics").late, report.table("user_progress").late) == (1, 1)
    assert school.touched(2) == ["2026-01-05"]
    assert school.contents() == scratch()


def test_a_deleted_row_replaced_by_another_of_the_same_day_is_noticed(
    school: School, scratch: Scratch
) -> None:
    """Counting rows alone sees no difference."""
    user, lesson = school.user(), school.lesson()
    for _ in range(3):
        school.event(user, "2026-01-05T10:00:00+00:00")
    first = school.progress(user, lesson, "2026-01-05T10:00:00+00:00")
    school.ingest()
    school.run("DELETE FROM analytics WHERE id = 2")
    school.event(user, "2026-01-05T10:00:00+00:00")
    school.run("UPDATE user_progress SET id = gen_random_uuid() WHERE id = %s", first)
    report = school.ingest()
    assert (report.table("analytics").rows_deleted, report.table("user_progress").rows_deleted) == (1, 1)
    assert school.contents() == scratch()


def test_only_blocks_that_differ_are_copied_again(school: School) -> None:
    user = school.user()
    school.run(
        "INSERT INTO analytics (user_id, event_type, created_at) "
        "SELECT %s, 'login', timestamptz '2025-01-01' + g * interval '1 hour' "
        "FROM generate_series(1, 24000) g",
        user,
    )
    school.ingest(settled=True)
    school.run("DELETE FROM analytics WHERE id = 50")
    table = school.ingest(settled=True).table("analytics")
    assert table.rows_deleted == 1
    assert table.rows_read == 1_022
    school.run("DELETE FROM analytics WHERE id = 51")
    school.event(user)
    table = school.ingest(settled=True).table("analytics")
    assert (table.rows_inserted, table.rows_deleted) == (1, 1)
    assert table.rows_read == 1_021 + 449 + 1  # the block at the end is read with what is new in it
    school.run("UPDATE analytics SET xp_earned = 9 WHERE id IN (1, 2000)")
    table = school.ingest(settled=True).table("analytics")
    assert (table.rows_updated, table.rows_read) == (2, 2)  # to read their blocks would cost more than a scan


def test_without_an_index_on_the_ids_the_same_blocks_are_found(school: School, scratch: Scratch) -> None:
    """A range of ids per block would then read the whole table once for each."""
    user = school.user()
    for _ in range(3):
        school.event(user, "2026-01-05T10:00:00+00:00")
    school.run(
        "INSERT INTO analytics (id, user_id, event_type, created_at) OVERRIDING SYSTEM VALUE "
        "VALUES (-5000, %s, 'login', '2026-01-05T09:00:00+00:00')",
        user,
    )
    school.run("ALTER TABLE analytics DROP CONSTRAINT analytics_pkey")
    school.ingest(settled=True)
    school.run("DELETE FROM analytics WHERE id = -5000")
    table = school.ingest(settled=True).table("analytics")
    assert (table.rows_deleted, table.rows_read) == (1, 0)
    assert school.contents() == scratch()


def test_an_event_that_changed_its_moment_is_noticed(school: School, scratch: Scratch) -> None:
    user = school.user()
    school.run(
        "INSERT INTO analytics (user_id, event_type, created_at) "
        "SELECT %s, 'login', timestamptz '2025-01-01' + g * interval '1 hour' "
        "FROM generate_series(1, 24000) g",
        user,
    )
    school.ingest()
    school.run("UPDATE analytics SET created_at = created_at + interval '1 microsecond' WHERE id = 7")
    assert school.ingest().table("analytics").rows_updated == 1
    assert school.contents() == scratch()


def test_an_update_behind_the_overlap_is_noticed(school: School, scratch: Scratch) -> None:
    user, lesson = school.user(), school.lesson()
    row = school.progress(user, lesson, "2026-01-05T10:00:00+00:00")
    school.progress(user, school.lesson(), "2026-03-02T10:00:00+00:00")
    school.ingest()
    school.run(
        "UPDATE user_progress SET created_at = '2026-01-09', updated_at = '2026-01-09' WHERE id = %s", row
    )
    table = school.ingest().table("user_progress")
    assert (table.rows_inserted, table.rows_updated, table.rows_deleted) == (0, 1, 0)
    assert school.contents() == scratch()


def test_a_clock_ahead_does_not_push_the_watermark_past_now(school: School, scratch: Scratch) -> None:
    user = school.user()
    school.progress(user, school.lesson(), "2036-01-01T00:00:00+00:00")
    school.ingest()
    assert school.value("SELECT last_at < now() FROM raw.watermarks WHERE table_name = 'user_progress'")
    school.progress(user, school.lesson(), datetime.now(UTC))
    assert school.ingest().table("user_progress").rows_inserted == 1
    assert school.contents() == scratch()


def test_passing_a_formerly_future_row_touches_its_date_both_ways(school: School) -> None:
    user = school.user(school.school("Pacific/Auckland"))
    school.event(user, "2026-03-02T12:00:00+00:00")
    school.event(user, "2026-03-05T10:00:00+00:00")
    school.ingest(as_of=datetime(2026, 3, 1, tzinfo=UTC))
    assert school.ingest(as_of=datetime(2026, 3, 1, 1, tzinfo=UTC)).touched_dates == 0
    school.ingest(as_of=datetime(2026, 3, 2, 12, tzinfo=UTC))
    assert school.touched(3) == ["2026-03-03"]
    school.ingest(as_of=datetime(2026, 3, 2, 11, tzinfo=UTC))
    assert school.touched(4) == ["2026-03-03"]


def test_pending_dates_stay_until_they_are_built(school: School) -> None:
    user = school.user()
    school.event(user, "2026-03-02T12:00:00+00:00")
    school.ingest()
    school.event(user, "2026-03-02T13:00:00+00:00")
    school.event(user, "2026-03-04T13:00:00+00:00")
    school.ingest()
    assert school.rows("SELECT local_date FROM raw.pending_dates ORDER BY 1") == [
        (date(2026, 3, 2),),
        (date(2026, 3, 4),),
    ]


def test_late_is_older_than_the_previous_day_of_the_school(school: School) -> None:
    user = school.user(school.school("Pacific/Auckland"))
    school.event(user, "2026-03-01T12:00:00+00:00")
    school.ingest(as_of=datetime(2026, 3, 2, 12, tzinfo=UTC))  # the 3rd in Auckland
    school.event(user, "2026-03-02T10:59:59+00:00")  # still the 2nd there
    school.event(user, "2026-03-02T11:00:00+00:00")
    assert school.ingest(as_of=datetime(2026, 3, 3, tzinfo=UTC)).table("analytics").late == 1


@pytest.mark.parametrize("table", ["users", "analytics"])
def test_losing_most_rows_is_refused(school: School, table: str, scratch: Scratch) -> None:
    """A table emptied by a failed restore would empty every mart."""
    school.run(
        "INSERT INTO users (username, email, role) "
        "SELECT 'n' || g, 'n' || g, 'STUDENT' FROM generate_series(1, 100) g"
    )
    school.run("INSERT INTO analytics (user_id, event_type) SELECT id, 'login' FROM users")
    school.ingest()
    before = school.contents()
    sql = psycopg.sql.SQL("DELETE FROM {0} WHERE ctid IN (SELECT ctid FROM {0} LIMIT 51)")
    school.source.execute(sql.format(psycopg.sql.Identifier(table)))
    with pytest.raises(TruncationError, match=f"{table}: 51 of 100 rows"):
        school.ingest()
    assert school.contents() == before
    assert school.value("SELECT batch_id FROM raw.current_batch") == 1
    assert school.ingest(allow_truncation=True).table(table).rows_deleted == 51
    assert school.contents() == scratch()


def test_an_optional_table_that_goes_away_is_emptied_under_the_same_guard(school: School) -> None:
    school.run(
        "INSERT INTO leaderboard (user_id, total_xp) "
        "SELECT gen_random_uuid(), g FROM generate_series(1, 100) g"
    )
    school.ingest()
    school.run("DROP TABLE leaderboard")
    with pytest.raises(VanishedError, match="leaderboard"):
        school.ingest()
    report = school.ingest(allow_truncation=True)
    assert report.missing_tables == ("leaderboard",)
    assert report.table("leaderboard").rows_deleted == 100


def test_fewer_than_a_hundred_rows_may_all_go(school: School) -> None:
    school.user()
    school.ingest()
    school.run("DELETE FROM users")
    assert school.ingest().table("users").rows_deleted == 1
