"""Builds on a real warehouse: all again on the same day, new tables whole, failures that name themselves."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path

import duckdb
import pytest
from sqlmesh import Context

from api.project import PROJECT
from ingest.progress import Silent
from pipeline.build import BuildReport, build
from pipeline.build_scope import incremental_tables
from pipeline.errors import AuditError, BuildError
from pipeline.settings import Settings
from pipeline.warehouse import Warehouse, open_warehouse, project_config
from tests.conftest import School, settings_of

SESSIONS = "SELECT sum(session_count) FROM marts.fct_user_day"
XP = "SELECT sum(xp) FROM marts.fct_user_day"
BOARD = """
SELECT user_key FROM marts.leaderboard WHERE scope = 'global' AND timeframe = 'all' ORDER BY position
"""
POPULARITY = "FROM marts.lesson_popularity ORDER BY ALL"
VIEWERS = "SELECT lesson_key, sum(learners_last_seen) FROM marts.lesson_popularity GROUP BY ALL ORDER BY ALL"
# Of a learner who saw a lesson on three dates or more.
NEWEST_VIEWS = """
SELECT event.* FROM raw.analytics AS event JOIN (
    SELECT user_key, lesson_key, max(activity_date) AS local_date
    FROM intermediate.int_lesson_day JOIN intermediate.int_users USING (user_key)
    WHERE is_learner GROUP BY ALL HAVING count(*) > 2 ORDER BY ALL LIMIT 1
) AS newest USING (user_key, lesson_key, local_date)
"""
PROJECT_PARTS = ("models", "seeds", "macros", "audits", "external_models")


@pytest.fixture
def built(school: School, tmp_path: Path) -> Settings:
    """A copy of the published school's warehouse, to be changed at will."""
    settings = settings_of(school.source_url, tmp_path / "data")
    settings.data_dir.mkdir()
    shutil.copy(school.settings.warehouse_file, settings.warehouse_file)
    return settings


def rebuild(warehouse: Warehouse) -> BuildReport:
    return build(warehouse.context, warehouse.connection, Silent())


def value(connection: duckdb.DuckDBPyConnection, query: str, *values: object) -> object:
    row = connection.execute(query, list(values)).fetchone()
    assert row is not None
    return row[0]


@pytest.mark.slow
def test_a_second_build_on_the_same_day_updates_every_mart(built: Settings) -> None:
    """Guards against a scheduler that takes the day for done, while the source has gone on."""
    with open_warehouse(built) as warehouse:
        connection = warehouse.connection
        xp = value(connection, XP)
        first = value(connection, "SELECT min(user_key) FROM marts.leaderboard WHERE timeframe = 'all'")
        connection.execute(
            "INSERT INTO raw.analytics SELECT 10000000, user_key, event_type, NULL, 100000, created_at,"
            " local_date, batch_id FROM raw.analytics WHERE user_key = $1 ORDER BY id DESC LIMIT 1",
            [first],
        )
        connection.execute(
            "INSERT INTO raw.pending_days SELECT user_key, local_date FROM raw.analytics WHERE id = 10000000"
        )
        learner = value(connection, "SELECT min(user_key) FROM marts.fct_lesson_progress")
        connection.execute("UPDATE raw.user_progress SET progress_percentage = 12.34")
        connection.execute("INSERT INTO raw.pending_people VALUES ($1)", [learner])
        connection.execute("UPDATE raw.courses SET title = 'Renamed'")
        connection.execute("UPDATE raw.users SET is_active = false WHERE role = 'TEACHER'")

        report = rebuild(warehouse)

        assert value(connection, XP) == xp + 100_000  # type: ignore[operator]
        assert connection.execute(BOARD).fetchall()[0][0] == first
        assert value(connection, "SELECT DISTINCT title FROM marts.dim_course") == "Renamed"
        assert value(connection, "SELECT sum(teachers_total) FROM marts.school_overview") == 0
        assert report.rows_processed["intermediate.int_user_day"] == 1
        assert report.rows_processed["marts.fct_user_day"] <= 5
        changed = "SELECT DISTINCT user_key FROM marts.fct_lesson_progress WHERE progress_percentage = 12.34"
        assert connection.execute(changed).fetchall() == [(learner,)]
        own = "SELECT count(*) FROM marts.fct_lesson_progress WHERE user_key = $1"
        assert report.rows_processed["marts.fct_lesson_progress"] == value(connection, own, learner)
        assert {audit.mart for audit in report.audits} >= {"leaderboard", "fct_user_day"}
        assert report.to_json()["audits"][0].keys() == {"mart", "audit", "rows", "passed", "blocking"}
        assert report.seconds.keys() >= {"marts.leaderboard", "marts.dim_course"}


@pytest.mark.slow
def test_a_view_that_goes_leaves_its_learner_to_the_one_before(built: Settings) -> None:
    """Guards against viewers of a lesson who are lost, or counted twice, when an old day changes."""
    with open_warehouse(built) as warehouse:
        connection = warehouse.connection
        before = connection.execute(POPULARITY).fetchall()
        viewers = connection.execute(VIEWERS).fetchall()
        connection.execute(f"CREATE TEMP TABLE newest AS {NEWEST_VIEWS}")
        connection.execute("DELETE FROM raw.analytics WHERE id IN (SELECT id FROM newest)")
        connection.execute("INSERT INTO raw.pending_days SELECT DISTINCT user_key, local_date FROM newest")

        rebuild(warehouse)

        assert connection.execute(POPULARITY).fetchall() != before
        assert connection.execute(VIEWERS).fetchall() == viewers
        connection.execute("INSERT INTO raw.analytics FROM newest")
        rebuild(warehouse)
        assert connection.execute(POPULARITY).fetchall() == before


def test_what_fails_is_named_and_the_next_build_converges(built: Settings) -> None:
    """Guards against bad rows that stay behind when the next build skips what it thinks is done.

    A broken audit is named with mart and rows, a model that fails right after it without values.
    """
    with open_warehouse(built) as warehouse:
        connection = warehouse.connection
        before = connection.execute("FROM marts.fct_lesson_progress ORDER BY ALL").fetchall()
        connection.execute(
            "INSERT INTO raw.user_progress SELECT * FROM raw.user_progress WHERE user_key IN "
            "(SELECT user_key FROM marts.dim_user) AND lesson_key IN "
            "(SELECT lesson_key FROM marts.dim_lesson) ORDER BY id LIMIT 3"
        )
        connection.execute("INSERT INTO raw.pending_people SELECT DISTINCT user_key FROM raw.user_progress")
        with pytest.raises(AuditError) as caught:
            rebuild(warehouse)
        assert "marts.fct_lesson_progress: audit unique_by_blocks failed for 3 rows" in str(caught.value)
        connection.execute(
            "DELETE FROM raw.user_progress "
            "WHERE rowid NOT IN (SELECT min(rowid) FROM raw.user_progress GROUP BY id)"
        )
        connection.execute("ALTER TABLE raw.courses RENAME COLUMN title TO heading")
        with pytest.raises(
            BuildError, match=r"^intermediate\.\w+ could not be built: Binder Error: .*\"title\""
        ):
            rebuild(warehouse)
        connection.execute("ALTER TABLE raw.courses RENAME COLUMN heading TO title")

        assert rebuild(warehouse).audits

        assert connection.execute("FROM marts.fct_lesson_progress ORDER BY ALL").fetchall() == before


def test_facts_that_do_not_equal_the_ledger_are_not_published(built: Settings) -> None:
    """Guards against audits made cheaper until they see nothing: a day twice, and XP out of nowhere."""
    with open_warehouse(built) as warehouse:
        connection = warehouse.connection
        facts = next(one for one in incremental_tables(warehouse.context) if "fct_user_day" in one)
        first = "(SELECT min(activity_date) FROM marts.fct_user_day)"
        connection.execute(f"INSERT INTO {facts} FROM {facts} WHERE activity_date = {first}")
        doubled = value(connection, f"SELECT count(*) // 2 FROM {facts} WHERE activity_date = {first}")
        connection.execute(
            f"UPDATE {facts} SET xp = xp + 1 WHERE rowid = "
            f"(SELECT rowid FROM {facts} WHERE activity_date > {first} LIMIT 1)"
        )
        with pytest.raises(AuditError) as caught:
            rebuild(warehouse)
    assert f"marts.fct_user_day: audit unique_by_blocks failed for {doubled} rows" in str(caught.value)
    assert "marts.fct_user_day: audit every_event_is_accounted_for failed for 2 rows" in str(caught.value)


@pytest.mark.slow
def test_a_plan_that_was_killed_at_its_end_is_brought_to_an_end(built: Settings) -> None:
    """Guards against a night that waits six hours for a plan that nobody is working on any more."""
    with open_warehouse(built) as warehouse:
        connection = warehouse.connection
        before = connection.execute("FROM marts.dim_course ORDER BY ALL").fetchall()
        connection.execute("UPDATE sqlmesh._environments SET finalized_ts = NULL")
        connection.execute("DROP VIEW marts.dim_course")

        rebuild(warehouse)

        assert connection.execute("FROM marts.dim_course ORDER BY ALL").fetchall() == before
        assert value(connection, "SELECT count(finalized_ts) FROM sqlmesh._environments") == 1


@pytest.mark.slow
def test_a_changed_model_is_built_over_all_days(built: Settings, tmp_path: Path) -> None:
    """Guards against a new table of an incremental model that holds nothing but last night."""
    project = changed_project(tmp_path / "project")
    with open_warehouse(built) as warehouse:
        days = value(warehouse.connection, "SELECT count(*) FROM marts.fct_user_day")
        sessions = value(warehouse.connection, SESSIONS)
    with open_warehouse(built, project) as warehouse:
        report = rebuild(warehouse)
        assert report.rows_processed["intermediate.int_user_day"] == days
        assert value(warehouse.connection, "SELECT count(*) FROM marts.fct_user_day") == days
        assert value(warehouse.connection, SESSIONS) > sessions  # type: ignore[operator]


def test_parsed_models_are_shared_between_data_directories_only(built: Settings, tmp_path: Path) -> None:
    """Guards against figures of a changed setting's old value, and against parsing all models every time."""
    elsewhere = built.model_copy(update={"data_dir": tmp_path / "other", "memory_limit": "3GB"})
    config = project_config(built)

    assert config.fingerprint == project_config(elsewhere).fingerprint
    assert config.fingerprint != project_config(built, changed_project(tmp_path / "project")).fingerprint


def test_a_night_and_the_linter_keep_their_queries_apart(built: Settings) -> None:
    """Guards against a linter that finds nothing in the queries of a night: they are not optimized."""
    with open_warehouse(built) as warehouse, closing(Context(paths=[PROJECT])) as linted:
        assert warehouse.context.cache_dir != linted.cache_dir
        model = "marts.fct_user_day"
        optimized = linted.get_model(model, raise_if_missing=True).render_query_or_raise().sql()
        assert (
            warehouse.context.get_model(model, raise_if_missing=True).render_query_or_raise().sql()
            != optimized
        )


@pytest.mark.slow
def test_an_upgraded_warehouse_keeps_its_own_tables(built: Settings, tmp_path: Path) -> None:
    """Guards against marts that stand still: nights that build into the tables of another warehouse.

    Where a model gained a column, those that read it keep the tables that they had; a warehouse that was
    built anew by the same files has others. SQLMesh's cache of the project is common to both. An incremental
    model that lost a column stopped every night after the upgrade.
    """
    project = copied_project(tmp_path / "project")
    progress = project / "models" / "marts" / "fct_lesson_progress.sql"
    progress.write_text(
        "".join(line for line in progress.read_text().splitlines(True) if "time_spent_seconds" not in line)
    )
    users = project / "models" / "intermediate" / "int_users.sql"
    users.write_text(users.read_text().replace("AS tie_order\n", "AS tie_order,\n  1::INT AS gained\n"))
    anew = built.model_copy(update={"data_dir": tmp_path / "anew"})
    anew.data_dir.mkdir()
    shutil.copy(built.warehouse_file, anew.warehouse_file)
    with duckdb.connect(str(anew.warehouse_file)) as connection:
        connection.execute("DROP SCHEMA sqlmesh CASCADE")
    for settings in (anew, built):
        with open_warehouse(settings, project) as warehouse:
            rebuild(warehouse)
            assert value(warehouse.connection, "SELECT max(gained) FROM intermediate.int_users") == 1
            lost = "SELECT count(*) FROM duckdb_columns() WHERE column_name = 'time_spent_seconds' AND "
            assert value(warehouse.connection, lost + "table_name = 'fct_lesson_progress'") == 0

    with open_warehouse(built, project) as warehouse:
        assert value(warehouse.connection, "SELECT count(*) FROM marts.leaderboard") != 0
        warehouse.connection.execute("UPDATE raw.users SET is_active = false WHERE role = 'STUDENT'")
        rebuild(warehouse)

        assert value(warehouse.connection, "SELECT count(*) FROM marts.leaderboard") == 0


def copied_project(folder: Path) -> Path:
    """The files of the project, to be changed at will."""
    folder.mkdir()
    for part in PROJECT_PARTS:
        shutil.copytree(PROJECT / part, folder / part)
    shutil.copy(PROJECT / "external_models.yaml", folder)
    shutil.copy(PROJECT / "config.yaml", folder)
    return folder


def changed_project(folder: Path) -> Path:
    """The project with another idea of a session: a gap of more than a minute ends it."""
    config = copied_project(folder) / "config.yaml"
    setting = "session_gap_seconds: "
    assert f"{setting}1800" in config.read_text()
    config.write_text(config.read_text().replace(f"{setting}1800", f"{setting}60"))
    return folder
