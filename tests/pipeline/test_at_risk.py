"""The at-risk flag replayed at past dates, and judged by who stayed away."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from api.runs import RunState
from pipeline.at_risk.judge import Figures, judge
from pipeline.at_risk.replay import Rules, opened, replay, rules_of
from pipeline.cli import app
from tests.conftest import Night, School, read_apart
from tests.pipeline.conftest import Environment

RULES = Rules(
    inactive_days=7,
    recent_attempts=5,
    minimum_attempts=3,
    minimum_score=50,
    iqr_factor=1.5,
    minimum_class_size=8,
)
MART = """
SELECT mart.class_key, mart.user_key, person.school_key, person.today_date, never_started, mart.is_inactive,
       has_low_accuracy, is_behind_class
FROM marts.learner_at_risk AS mart
JOIN intermediate.int_users AS person ON person.user_key = mart.user_key
WHERE person.zone LIKE $zone
"""
EUROPE = "Europe/Copenhagen"


@pytest.fixture(scope="module")
def school(school: School, tmp_path_factory: pytest.TempPathFactory) -> School:
    """The school of all tests, in a data directory of this file."""
    return read_apart(school, tmp_path_factory.mktemp("replay"))


def test_the_replay_of_today_is_the_mart(school: School) -> None:
    """A replay that follows other rules than the nights would judge a flag that nobody ever saw."""
    with opened(school.settings) as warehouse:
        replayed = replay(warehouse, rules_of(school.settings), 0).fetchall()
        mart = warehouse.execute(MART, {"zone": "%"}).fetchall()
    assert sorted(replayed) == sorted(mart)
    for reason in range(4, 8):
        assert {row[reason] for row in mart} == {True, False}


@pytest.mark.slow
def test_the_replay_of_a_past_date_is_what_a_night_said_then(
    own_school: School, night: Night, tmp_path: Path
) -> None:
    """Flags that know what came later look better than those a teacher saw.

    A night sees no progress row that was changed later, so that classmates and completion differ.
    """
    past = datetime(2026, 9, 30, 21, 59, 59, 999_999, tzinfo=UTC)
    run = night(own_school.source_url, tmp_path / "then", as_of=past)
    assert run.state is RunState.PUBLISHED, run.error
    then = own_school.settings.model_copy(update={"data_dir": tmp_path / "then"})
    with opened(then) as warehouse:
        mart = warehouse.execute(MART, {"zone": EUROPE}).fetchall()
        ids = dict(warehouse.execute("SELECT user_key, id FROM raw.users").fetchall())
    with opened(own_school.settings) as warehouse:
        back = warehouse.execute(
            "SELECT today_date - DATE '2026-09-30' FROM intermediate.int_schools WHERE zone = ?", [EUROPE]
        ).fetchone()
        assert back is not None
        replayed = replay(warehouse, RULES, back[0]).fetchall()
        ids_now = dict(warehouse.execute("SELECT user_key, id FROM raw.users").fetchall())
    said = {(ids[row[1]], *row[3:7]) for row in mart}
    says = {(ids_now[row[1]], *row[3:7]) for row in replayed}
    assert len(said) > 5
    assert {row[2:] for row in said} >= {(False, False, False), (False, True, False)}
    people = {row[0] for row in said} & {row[0] for row in says}
    assert {row for row in said if row[0] in people} == {row for row in says if row[0] in people}


@pytest.fixture
def history() -> Iterator[duckdb.DuckDBPyConnection]:
    """Today is 2026-04-30; three learners of one school, of whom the second comes no more from 20 January on.

    The first comes every day; the third was enrolled on 10 January and comes from 15 March on, but not from
    1 to 7 April.
    """
    with duckdb.connect() as connection:
        connection.execute(
            """
            CREATE SCHEMA intermediate;
            CREATE TABLE intermediate.int_schools AS SELECT 1 AS school_key, 'north' AS code;
            CREATE TABLE members AS SELECT 1 AS class_key, user_key, 1 AS school_key,
                DATE '2026-04-30' AS today_date, NULL::INTEGER AS course_key, 'active' AS status,
                enrolled_date, enrolled_date AS changed_date
            FROM (VALUES (1, DATE '2025-12-01'), (2, DATE '2025-12-01'), (3, DATE '2026-01-10'))
                AS enrolled (user_key, enrolled_date);
            CREATE TABLE spans AS FROM (VALUES
                (1, DATE '2025-12-01', DATE '2026-04-30', DATE '9999-12-31'),
                (2, DATE '2025-12-01', DATE '2026-01-19', DATE '9999-12-31'),
                (3, DATE '2026-03-15', DATE '2026-03-31', DATE '2026-04-08'),
                (3, DATE '2026-04-08', DATE '2026-04-30', DATE '9999-12-31')
            ) AS span (user_key, start_date, end_date, next_date);
            CREATE TABLE progress (user_key INTEGER, course_key INTEGER, from_date DATE, until_date DATE,
                row_count INTEGER, progress_sum DECIMAL(18, 2), completed_count INTEGER);
            CREATE TABLE scores (user_key INTEGER, from_date DATE, until_date DATE, attempt_count INTEGER,
                score_sum DECIMAL(18, 2));
            CREATE TABLE course_sizes (course_key INTEGER, lesson_count INTEGER);
            INSERT INTO scores VALUES
                (1, '2026-02-01', '2026-02-05', 3, 100), (1, '2026-02-05', '9999-12-31', 4, 300);
            """
        )
        yield connection


def test_figures_of_a_known_history(history: duckdb.DuckDBPyConnection) -> None:
    """A flag held for months, or on somebody long gone, must not count as right every day."""
    found = {one.reason: one for one in judge(history, RULES, 115) if one.school == "north"}

    # Raised 26 January for the second, 10 January for the third (both right), 7 April for the third: after
    # 20 March nothing is decided, so that the last one does not count.
    inactive = found["is_inactive"]
    assert (inactive.raised, inactive.right, inactive.losses) == (2, 2, 1)
    assert (inactive.warned, inactive.found) == (0, 1)
    assert (inactive.precision, inactive.recall, inactive.recall_before, inactive.lead_days) == (1, 1, 0, -6)
    started = found["never_started"]
    assert (started.raised, started.right, started.losses, started.found) == (1, 1, 1, 0)
    low = found["has_low_accuracy"]
    assert (low.raised, low.right, low.precision, low.recall, low.lead_days) == (1, 0, 0, 0, None)
    behind = found["is_behind_class"]
    assert (behind.raised, behind.precision) == (0, None)
    # Learners who are there, on the 74 decided dates: the first on all of them, the second on the 14 before
    # staying away, the third from 15 March on.
    assert (low.days, low.right_days) == (74 + 14 + 6, 14)


def test_all_schools_are_the_sum_of_the_schools(history: duckdb.DuckDBPyConnection) -> None:
    """A school that is left out of the whole would make it look better or worse than it is."""
    figures = judge(history, RULES, 115)
    whole = {one.reason: one for one in figures if one.school is None}
    assert [one.school for one in figures] == [None] * 5 + ["north"] * 5
    for one in figures[5:]:
        assert vars(whole[one.reason]) | {"school": "north"} == vars(one)


def test_the_command_tells_figures_of_the_own_history(
    school: School, environment: Environment, command_line: CliRunner
) -> None:
    environment(DATA_DIR=str(school.settings.data_dir))
    shown = command_line.invoke(app, ["evaluate-at-risk", "--days", "100"])
    told = command_line.invoke(app, ["evaluate-at-risk", "--days", "100", "--json"])
    assert shown.exit_code == 0, shown.output
    figures = [Figures(**one) for one in json.loads(told.stdout)]
    whole = next(one for one in figures if one.school is None and one.reason == "is_inactive")
    assert whole.raised > whole.right > 0
    assert f"{whole.raised}" in shown.stdout
    assert "A drop-out is a run of 28 dates" in shown.stdout


def test_without_a_warehouse_it_says_what_to_do(command_line: CliRunner) -> None:
    result = command_line.invoke(app, ["evaluate-at-risk"])
    assert result.exit_code == 1
    assert "There is no warehouse yet." in result.stderr
