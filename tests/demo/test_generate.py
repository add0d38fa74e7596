"""Generating: reproducible, exact in size, tolerant of what a database lacks, clear about what is wrong."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

import demo.activity
from demo.generate import dropouts, generate, no_shows
from demo.plan import Plan
from demo.server import DemoError, create_database
from tests.conftest import MakeDatabase
from tests.demo.conftest import AS_OF, SIZE, TABLES, fingerprints, rows, value


def test_equal_arguments_make_equal_rows(platform: str, make_database: MakeDatabase) -> None:
    again = make_database()
    generate(again, **SIZE)
    assert fingerprints(again) == fingerprints(platform)


def test_another_seed_makes_other_rows(platform: str, make_database: MakeDatabase) -> None:
    other = make_database()
    generate(other, **{**SIZE, "seed": 8})
    first, second = fingerprints(platform), fingerprints(other)
    assert not [table for table in TABLES if first[table] == second[table]]
    assert not set(rows(platform, "SELECT id FROM users")) & set(rows(other, "SELECT id FROM users"))


def test_the_report_counts_what_is_in_the_tables(make_database: MakeDatabase) -> None:
    url = make_database()
    made = generate(url, **{**SIZE, "events": 3_001})
    assert made.as_of == AS_OF
    assert made.rows == {table: value(url, f"SELECT count(*) FROM {table}") for table in TABLES}
    assert made.rows["analytics"] == 3_001


def test_blocks_change_neither_the_number_nor_the_order_of_events(
    make_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Rows sent late across the border of a block must wait for their turn, not vanish or jump ahead.
    monkeypatch.setattr(demo.activity, "BLOCK_EVENTS", 700)
    url = make_database()
    generate(url, **SIZE)
    assert value(url, "SELECT count(*) FROM analytics") == SIZE["events"]
    early = """SELECT count(*) FROM (
        SELECT created_at > interval '22 days' + min(created_at) OVER (ORDER BY id DESC) AS too_early
        FROM analytics WHERE created_at <= %s) a WHERE too_early"""
    assert value(url, early, AS_OF) == 0
    late = """SELECT count(*) FROM (
        SELECT created_at < max(created_at) OVER (ORDER BY id) - interval '1 hour' AS is_late
        FROM analytics WHERE created_at <= %s) a WHERE is_late"""
    assert 0.005 < value(url, late, AS_OF) / SIZE["events"] < 0.04


def test_new_rows_get_the_next_event_number(copied_platform: str) -> None:
    with psycopg.connect(copied_platform) as connection:
        inserted = connection.execute(
            "INSERT INTO analytics (user_id, event_type) SELECT id, 'login' FROM users LIMIT 1 RETURNING id"
        ).fetchone()
    assert inserted == (SIZE["events"] + 1,)


def test_indexes_are_there_again(platform: str, make_database: MakeDatabase) -> None:
    query = "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1"
    assert rows(platform, query) == rows(make_database(), query)


def test_optional_tables_and_columns_may_be_missing(make_database: MakeDatabase) -> None:
    url = make_database(smallest=True)
    made = generate(url, **SIZE)
    assert set(made.rows) == {
        "analytics",
        "class_enrollments",
        "classes",
        "courses",
        "lessons",
        "quiz_attempts",
        "quizzes",
        "user_progress",
        "users",
    }
    assert all(made.rows.values())


def test_what_is_left_does_not_depend_on_what_is_missing(platform: str, make_database: MakeDatabase) -> None:
    url = make_database(smallest=True)
    generate(url, **SIZE)
    for table in ("analytics", "user_progress", "quiz_attempts", "class_enrollments"):
        assert fingerprints(url)[table] == fingerprints(platform)[table]


def test_a_database_with_rows_is_refused_and_left_alone(copied_platform: str) -> None:
    before = fingerprints(copied_platform)
    with pytest.raises(DemoError, match="table analytics is not empty"):
        generate(copied_platform, **SIZE)
    assert fingerprints(copied_platform) == before


def test_a_single_row_is_enough_to_refuse(make_database: MakeDatabase) -> None:
    url = make_database()
    with psycopg.connect(url) as connection:
        connection.execute("INSERT INTO courses (title) VALUES ('Algebra')")
    with pytest.raises(DemoError, match="table courses is not empty"):
        generate(url, **SIZE)
    assert value(url, "SELECT count(*) FROM users") == 0


def test_a_database_without_the_schema_is_named(postgres_server: str) -> None:
    url = create_database(postgres_server, "without_schema")
    with pytest.raises(DemoError, match="lacks the operational schema: no table users, courses"):
        generate(url, **SIZE)


def test_nothing_is_left_of_a_run_that_fails(make_database: MakeDatabase) -> None:
    url = make_database()
    before = fingerprints(url)
    with psycopg.connect(url) as connection:
        connection.execute("ALTER TABLE users ADD CONSTRAINT nobody CHECK (username = '')")
    with pytest.raises(DemoError, match=r"the source refused: .*nobody"):
        generate(url, **SIZE)
    assert fingerprints(url) == before
    indexes = "SELECT count(*) FROM pg_indexes WHERE tablename = 'analytics'"
    assert value(url, indexes) == 3


def test_a_role_that_may_not_load_orphans_is_refused(make_database: MakeDatabase) -> None:
    url = make_database()
    with psycopg.connect(url) as connection:
        connection.execute("CREATE ROLE plain LOGIN")
        connection.execute("GRANT ALL ON ALL TABLES IN SCHEMA public TO plain")
    with pytest.raises(DemoError, match="permission denied to set parameter"):
        generate(url.replace("postgres@", "plain@"), **SIZE)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"learners": 19}, "learners must be at least 20, not 19"),
        ({"events": 0}, "events must be at least 200, not 0"),
        ({"days": -1}, "days must be at least 7, not -1"),
        ({"as_of": AS_OF.replace(tzinfo=None)}, "as_of must carry a time zone"),
    ],
)
def test_numbers_that_make_no_platform_are_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(DemoError, match=re.escape(message)):
        generate("postgresql://nowhere.invalid/none", **{**SIZE, **wrong})


@pytest.mark.parametrize(
    "size",
    [
        {"learners": 20, "events": 200, "days": 7},
        {"learners": 300, "events": 200, "days": 30},
        {"learners": 20, "events": 6_000, "days": 10},
    ],
    ids=["smallest", "few events", "many events"],
)
def test_odd_proportions_still_make_a_platform(make_database: MakeDatabase, size: dict[str, int]) -> None:
    url = make_database()
    generate(url, **size, seed=3, as_of=AS_OF)
    assert value(url, "SELECT count(*) FROM analytics") == size["events"]
    assert value(url, "SELECT count(*) FROM users WHERE role = 'STUDENT'") == size["learners"]


def test_as_of_is_now_unless_given(make_database: MakeDatabase) -> None:
    url = make_database()
    before = datetime.now(UTC)
    made = generate(url, learners=20, events=200, days=7, seed=1)
    assert before <= made.as_of <= datetime.now(UTC)
    assert value(url, "SELECT max(updated_at) FROM users") == made.as_of


def test_dropouts_are_those_who_no_longer_come(platform: str) -> None:
    gone = dropouts(Plan(**SIZE))
    assert 10 < gone.height < SIZE["learners"] / 2
    newest = """SELECT max((a.created_at AT TIME ZONE 'UTC')::date) FROM analytics a
        WHERE user_id = %s::uuid AND a.created_at <= %s"""
    came = 0
    for user, left in gone.select("user_id", "dropped_out_date").iter_rows():
        assert value(platform, "SELECT role::text FROM users WHERE id = %s::uuid", user) == "STUDENT"
        if (last := value(platform, newest, user, AS_OF)) is not None:
            came += 1
            assert last <= left + timedelta(days=1)
    # Who gives up within the first days may, by chance, not have come at all.
    assert came > 0.9 * gone.height


def test_no_shows_have_an_account_and_no_event(platform: str) -> None:
    """Counted as drop-outs of a date, they would make every warning look late."""
    never = no_shows(Plan(**SIZE))
    events = "SELECT count(*) FROM analytics WHERE user_id = %s::uuid"
    assert 0 < len(never) < SIZE["learners"] / 4
    for user in never:
        assert value(platform, "SELECT role::text FROM users WHERE id = %s::uuid", user) == "STUDENT"
        assert value(platform, events, user) == 0
    assert not set(never) & set(dropouts(Plan(**SIZE))["user_id"])
