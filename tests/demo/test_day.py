"""One more day: what is new, late, changed and gone, and nothing else."""

from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from demo.day import DayReport, append_day
from demo.generate import generate
from demo.server import DemoError, create_database
from tests.conftest import MakeDatabase
from tests.demo.conftest import AS_OF, SIZE, TABLES, fingerprints, rows, value

NIGHTS = 4


@pytest.fixture(scope="module")
def nights(platform: str, make_database: MakeDatabase) -> tuple[str, list[DayReport]]:
    """URL of a platform after four more days, and their reports."""
    url = make_database(template=platform)
    return url, [append_day(url, seed=5) for _ in range(NIGHTS)]


def test_days_follow_one_another(nights: tuple[str, list[DayReport]]) -> None:
    _, reports = nights
    assert [report.since for report in reports] == [AS_OF + timedelta(days=day) for day in range(NIGHTS)]
    assert [report.as_of for report in reports] == [AS_OF + timedelta(days=day + 1) for day in range(NIGHTS)]


def test_the_report_accounts_for_every_row(platform: str, nights: tuple[str, list[DayReport]]) -> None:
    url, reports = nights
    for table in TABLES:
        before, after = (value(source, f"SELECT count(*) FROM {table}") for source in (platform, url))
        new = sum(report.new.get(table, 0) for report in reports)
        deleted = sum(report.deleted.get(table, 0) for report in reports)
        assert after == before + new - deleted, table


def test_every_kind_of_change_happens(nights: tuple[str, list[DayReport]]) -> None:
    _, reports = nights
    new = {"users", "class_enrollments", "analytics", "user_progress", "quiz_attempts"}
    changed = {"users", "leaderboard", "user_progress", "quiz_attempts", "consents", "class_enrollments"}
    deleted = {"users", "analytics", "user_progress", "quiz_attempts", "class_enrollments"}
    for report in reports:
        assert all(report.new[table] for table in new)
        assert all(report.changed[table] for table in changed)
        assert all(report.deleted[table] for table in deleted)
        assert report.late >= 3


def test_accounts_go_with_their_rows_and_without(platform: str, nights: tuple[str, list[DayReport]]) -> None:
    url, _ = nights
    gone = {row for (row,) in rows(platform, "SELECT id FROM users")} - {
        row for (row,) in rows(url, "SELECT id FROM users")
    }
    assert len(gone) == NIGHTS
    left = [
        value(url, "SELECT count(*) FROM user_progress WHERE user_id = %s", user)
        + value(url, "SELECT count(*) FROM analytics WHERE user_id = %s", user)
        for user in gone
    ]
    assert 0 in left
    assert any(left)


def test_late_events_carry_old_times_and_new_numbers(nights: tuple[str, list[DayReport]]) -> None:
    # An ingest that reads on from the newest time it has seen would lose them.
    url, reports = nights
    late = "SELECT created_at FROM analytics WHERE id > %s AND created_at <= %s"
    found = [moment for (moment,) in rows(url, late, SIZE["events"], AS_OF)]
    assert len(found) >= reports[0].late
    assert min(found) < AS_OF - timedelta(days=2)
    assert min(found) > AS_OF - timedelta(days=22)


def test_event_numbers_are_never_used_again(copied_platform: str) -> None:
    # The newest event is deleted: the next one must not get its number.
    with psycopg.connect(copied_platform) as connection:
        connection.execute("DELETE FROM analytics WHERE id = (SELECT max(id) FROM analytics)")
    append_day(copied_platform, seed=1)
    deleted = SIZE["events"]
    assert value(copied_platform, "SELECT count(*) FROM analytics WHERE id = %s", deleted) == 0
    assert value(copied_platform, "SELECT count(*) FROM analytics WHERE id > %s", deleted) > 0


def test_changes_are_dated_within_the_day(platform: str, copied_platform: str) -> None:
    report = append_day(copied_platform, seed=2)
    for table, key in (("user_progress", "id"), ("quiz_attempts", "id"), ("users", "id"), ("consents", "id")):
        old = {row[0]: row[1:] for row in rows(platform, f"SELECT {key}, updated_at, t::text FROM {table} t")}
        new = {
            row[0]: row[1:]
            for row in rows(copied_platform, f"SELECT {key}, updated_at, t::text FROM {table} t")
        }
        moved = [new[row][0] for row in new if row not in old or old[row] != new[row]]
        assert moved, table
        assert all(report.since < moment <= report.as_of for moment in moved), table


def test_progress_moves_on_to_completion(platform: str, nights: tuple[str, list[DayReport]]) -> None:
    url, _ = nights
    query = "SELECT id, progress_percentage, completed_at FROM user_progress"
    before = {row[0]: row[1:] for row in rows(platform, query)}
    after = {row[0]: row[1:] for row in rows(url, query)}
    moved = [(before[row], after[row]) for row in before if row in after and before[row] != after[row]]
    assert all(new[0] > old[0] for old, new in moved)
    assert all((new[0] == 100) == (new[1] is not None) for _, new in moved)
    assert {new[0] == 100 for _, new in moved} == {True, False}


def test_open_attempts_are_finished(platform: str, nights: tuple[str, list[DayReport]]) -> None:
    url, _ = nights
    open_then = [row for (row,) in rows(platform, "SELECT id FROM quiz_attempts WHERE score IS NULL")]
    finished = (
        "SELECT count(*) FROM quiz_attempts WHERE id = ANY(%s) AND score IS NOT NULL AND completed_at > %s"
    )
    assert value(url, finished, open_then, AS_OF) > 0


def test_learners_move_to_another_school(platform: str, nights: tuple[str, list[DayReport]]) -> None:
    url, _ = nights
    before = dict(rows(platform, "SELECT id, school_id FROM users"))
    after = dict(rows(url, "SELECT id, school_id FROM users"))
    moved = [user for user in before if user in after and before[user] != after[user]]
    assert 1 <= len(moved) <= NIGHTS
    schools = {school for (school,) in rows(url, "SELECT id FROM schools")}
    assert {after[user] for user in moved} <= schools


def test_consents_are_withdrawn(platform: str, nights: tuple[str, list[DayReport]]) -> None:
    url, _ = nights
    query = "SELECT count(*) FROM consents WHERE withdrawn_at > %s AND withdrawn_at <= %s"
    last = AS_OF + timedelta(days=NIGHTS)
    planned = value(platform, query, AS_OF, last)
    assert value(url, query, AS_OF, last) > planned


def test_a_zone_is_corrected_one_day(copied_platform: str) -> None:
    wrong = "SELECT count(*) FROM schools WHERE timezone = 'Europe/Bonn'"
    assert value(copied_platform, wrong) == 1
    corrected = (append_day(copied_platform, seed=seed).changed["schools"] for seed in range(12))
    assert next(schools for schools in corrected if schools) == 1
    assert value(copied_platform, wrong) == 0


def test_the_same_day_is_made_again_from_the_same_rows(platform: str, make_database: MakeDatabase) -> None:
    first, second, other = (make_database(template=platform) for _ in range(3))
    assert append_day(first, seed=5) == append_day(second, seed=5)
    append_day(other, seed=6)
    assert fingerprints(first) == fingerprints(second)
    assert fingerprints(first)["analytics"] != fingerprints(other)["analytics"]


def test_one_seed_plays_many_days(nights: tuple[str, list[DayReport]]) -> None:
    url, reports = nights
    assert len({str(report.new) for report in reports}) > 1
    newcomers = "SELECT count(*) FROM users WHERE created_at > %s AND role = 'STUDENT'"
    assert value(url, newcomers, AS_OF) == NIGHTS


@pytest.mark.parametrize("hours", [1, 30, 24 * 7])
def test_a_day_may_be_any_stretch_of_time(copied_platform: str, hours: int) -> None:
    as_of = AS_OF + timedelta(hours=hours)
    report = append_day(copied_platform, seed=1, as_of=as_of)
    assert (report.since, report.as_of) == (AS_OF, as_of)
    within = "SELECT count(*) FROM analytics WHERE id > %s AND created_at > %s AND created_at <= %s"
    assert value(copied_platform, within, SIZE["events"], AS_OF, as_of) >= 10
    assert value(copied_platform, "SELECT max(updated_at) FROM users") == as_of


def test_the_smallest_platform_has_days_too(make_database: MakeDatabase) -> None:
    url = make_database(smallest=True)
    generate(url, **SIZE)
    report = append_day(url, seed=5)
    assert report.new["analytics"] >= 20
    assert report.new["consents"] == report.new["leaderboard"] == report.new["data_subject_requests"] == 0
    assert report.changed["schools"] == report.changed["leaderboard"] == 0


def test_few_learners_are_not_used_up(copied_platform: str) -> None:
    with psycopg.connect(copied_platform) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(
            "DELETE FROM users WHERE role = 'STUDENT' AND id NOT IN "
            "(SELECT id FROM users WHERE role = 'STUDENT' ORDER BY id LIMIT 12)"
        )
    assert "users" not in append_day(copied_platform, seed=1).deleted


def test_a_day_without_departures_keeps_every_account(copied_platform: str) -> None:
    deleted = append_day(copied_platform, seed=1, departures=False).deleted
    assert "users" not in deleted
    assert deleted["analytics"] > 0


def test_a_moment_that_has_passed_is_refused(copied_platform: str) -> None:
    before = fingerprints(copied_platform)
    with pytest.raises(DemoError, match="already stands at 2026-11-20T15:30:00"):
        append_day(copied_platform, seed=1, as_of=AS_OF)
    with pytest.raises(DemoError, match="must carry a time zone"):
        append_day(copied_platform, seed=1, as_of=datetime(2026, 12, 1))  # noqa: DTZ001
    assert fingerprints(copied_platform) == before


def test_there_is_no_day_without_a_platform(postgres_server: str, make_database: MakeDatabase) -> None:
    with pytest.raises(DemoError, match="table users is empty"):
        append_day(make_database(), seed=1)
    with pytest.raises(DemoError, match="lacks the operational schema"):
        append_day(create_database(postgres_server, "no_day"), seed=1)


def test_a_day_without_schools_or_lessons_is_refused(make_database: MakeDatabase) -> None:
    url = make_database()
    with psycopg.connect(url) as connection:
        connection.execute(
            "INSERT INTO users (username, email, role, created_at, updated_at) "
            "VALUES ('one', 'one@mail.example', 'STUDENT', %s, %s)",
            [datetime(2026, 1, 1, tzinfo=UTC)] * 2,
        )
    with pytest.raises(DemoError, match="no lessons"):
        append_day(url, seed=1)
