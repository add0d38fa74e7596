"""What one published night consists of, and what a night that fails leaves behind."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
from pathlib import Path
from uuid import UUID

import duckdb
import psycopg
import pytest
from typer.testing import CliRunner

from api.manifest import IDENTITY_FILE, MANIFEST_FILE, MARTS_FILE, read_manifest
from api.runs import RunState, read_runs
from demo.generate import generate
from pipeline.catalogue import mart_models
from pipeline.cli import app
from pipeline.copying import copy_marts
from pipeline.files import sha256
from pipeline.snapshots import current_id, snapshot_ids
from pipeline.warehouse import open_warehouse
from tests.conftest import SCHOOL_AS_OF, MakeDatabase, Night, School
from tests.pipeline.conftest import Environment
from tests.tracing import unmeasured
from tests.waiting import wait_until

A_READERS_REST = 1.0  # seconds: readers who never rest make a night of a few seconds one of thirty
PEOPLE = """
SELECT unnest([username, email, first_name || ' ' || last_name, user_id::VARCHAR]) FROM users
"""


def columns(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str, str]]:
    return connection.execute(
        "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE NOT internal"
    ).fetchall()


def personal(school: School) -> list[str]:
    """Every name, user name, e-mail and UUID of a person of the school."""
    with duckdb.connect(str(school.snapshot / IDENTITY_FILE), read_only=True) as connection:
        return [row[0] for row in connection.execute(PEOPLE).fetchall() if row[0]]


@pytest.mark.parametrize("lookup", ["user_key IN (?, ?)", "user_id IN (?, ?)"])
def test_people_are_found_by_an_index(school: School, lookup: str) -> None:
    """Without one every name costs a walk over everybody, which only a large platform would tell."""
    column = lookup.partition(" ")[0]
    with duckdb.connect(str(school.snapshot / IDENTITY_FILE), read_only=True) as connection:
        # Far apart: DuckDB makes a range of neighbours.
        ends = connection.execute(f"SELECT min({column}), max({column}) FROM users").fetchone()
        plan = connection.execute(
            f"EXPLAIN ANALYZE SELECT username FROM users WHERE {lookup}", ends
        ).fetchall()[0][1]
    assert "Index Scan" in plan


def test_no_text_column_names_a_person(school: School) -> None:
    """Guards against personal data in a file that every analyst may copy."""
    people = personal(school)
    assert len(people) > 300
    with duckdb.connect(str(school.snapshot / MARTS_FILE), read_only=True) as connection:
        texts = [(table, column) for table, column, kind in columns(connection) if "VARCHAR" in kind]
        assert len(texts) > 20
        found = {
            (table, column): values
            for table, column in texts
            if (values := matches(connection, table, column, people))
        }
    assert found == {}


def matches(connection: duckdb.DuckDBPyConnection, table: str, column: str, people: list[str]) -> list[str]:
    rows = connection.execute(
        f'SELECT DISTINCT "{column}"::VARCHAR FROM "{table}" AS mart'
        " WHERE EXISTS (SELECT 1 FROM (SELECT unnest($1) AS person)"
        f' WHERE contains(mart."{column}"::VARCHAR, person))',
        [people],
    ).fetchall()
    return [row[0] for row in rows]


def test_no_byte_of_the_marts_names_a_person(own_school: School, tmp_path: Path) -> None:
    """Guards against what compression hides: in a packed file a search for names proves nothing."""
    plain = tmp_path / "plain.duckdb"
    with open_warehouse(own_school.settings) as warehouse:
        warehouse.connection.execute("SET force_compression = 'uncompressed'")
        copy_marts(
            warehouse.connection,
            plain,
            [one.table for one in mart_models(warehouse.context, warehouse.connection).values()],
        )
        control = warehouse.connection.execute(
            "SELECT code FROM marts.dim_school WHERE school_key = 1"
        ).fetchone()

    content = plain.read_bytes()

    assert control is not None
    assert control[0].encode() in content
    assert [person for person in personal(own_school) if person.encode() in content] == []
    with duckdb.connect(str(own_school.snapshot / IDENTITY_FILE), read_only=True) as connection:
        octets = connection.execute("SELECT user_id FROM users").fetchall()
    assert [one for (one,) in octets if any(form in content for form in forms(one))] == []


def forms(user_id: UUID) -> tuple[bytes, bytes]:
    """A UUID as bytes, and as DuckDB keeps it: the highest bit turned, the lowest byte first."""
    return user_id.bytes, (user_id.int ^ (1 << 127)).to_bytes(16, "little")


def test_manifest_tells_the_truth(school: School) -> None:
    manifest = read_manifest(school.snapshot)

    assert manifest.id == school.snapshot.name
    assert manifest.as_of == SCHOOL_AS_OF
    assert {name: sha256(school.snapshot / name) for name in manifest.files} == {
        name: file.sha256 for name, file in manifest.files.items()
    }
    assert sorted(path.name for path in school.snapshot.iterdir()) == [
        IDENTITY_FILE,
        MANIFEST_FILE,
        MARTS_FILE,
    ]
    with duckdb.connect(str(school.snapshot / MARTS_FILE), read_only=True) as connection:
        counted = {
            table: connection.execute(f'SELECT count(*) FROM "{table}"').fetchall()[0][0]
            for table in manifest.tables
        }
        held = columns(connection)
    assert counted == manifest.tables
    assert held == [
        (name, column.name, column.type) for name, mart in manifest.marts.items() for column in mart.columns
    ]
    assert manifest.orphans["analytics"] > 0
    assert set(manifest.versions) == {"python", "schoolhouse", "duckdb", "sqlmesh"}


def test_every_mart_says_what_it_means_and_where_it_comes_from(school: School) -> None:
    marts = read_manifest(school.snapshot).marts

    assert len(marts) > 25
    for name, mart in marts.items():
        assert mart.description.startswith("One row per"), name
        assert mart.grain, name
        assert mart.upstream, name
        assert [column.name for column in mart.columns if not column.description] == [], name
        assert set(mart.column_lineage) == {column.name for column in mart.columns}, name
        assert all(audit.passed for audit in mart.audits), name
        assert mart.audits, name
    assert marts["dim_class"].column_lineage["class_id"] == ("intermediate.int_classes.class_id",)
    assert marts["fct_user_day"].scope.school_column == "school_key"
    assert marts["dim_date"].scope.school_column is None
    assert marts["compliance_status"].is_compliance
    assert not marts["dim_user"].is_compliance


def test_every_column_is_followed_to_the_source(school: School) -> None:
    """A way that ends at an intermediate model hides which table of the platform a figure comes from."""
    manifest = read_manifest(school.snapshot)
    models = {f"marts.{name}": mart for name, mart in manifest.marts.items()} | manifest.models

    for name, model in models.items():
        unknown = set(model.upstream) - set(models)
        assert all(origin.startswith(("raw.", "build.")) for origin in unknown), name
        for column, origins in model.column_lineage.items():
            known = {origin.rpartition(".")[0] for origin in origins}
            assert known <= set(model.upstream), (name, column)


def test_identity_is_private_and_whole(school: School) -> None:
    path = school.snapshot / IDENTITY_FILE

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with duckdb.connect(str(path), read_only=True) as connection:
        keys = connection.execute("SELECT user_key FROM users").fetchall()
        pseudonyms = connection.execute("SELECT count(DISTINCT pseudonym), count(*) FROM users").fetchall()
    with duckdb.connect(str(school.snapshot / MARTS_FILE), read_only=True) as connection:
        people = connection.execute("SELECT user_key FROM dim_user ORDER BY user_key").fetchall()
    assert keys == people
    assert pseudonyms == [(len(keys), len(keys))]


def test_broken_audit_publishes_nothing(
    own_school: School, night: Night, environment: Environment, command_line: CliRunner
) -> None:
    """Guards against figures that contradict each other reaching a reader."""
    before = current_id(own_school.settings.snapshots_dir)
    make_somebody_a_parent(own_school)

    run = night(own_school.source_url, own_school.settings.data_dir, as_of=SCHOOL_AS_OF)
    status = command_line.invoke(app, ["status"]).stdout
    refused = command_line.invoke(app, ["publish"])

    assert run.state is RunState.FAILED
    assert run.error is not None
    assert (run.error.step, run.error.code) == ("build", "audit_failed")
    assert run.error.message == "marts.dim_user: audit accepted_values failed for 1 rows"
    assert [step.state for step in run.steps] == ["done", "done", "failed", "waiting", "waiting"]
    assert current_id(own_school.settings.snapshots_dir) == before
    assert "build/audit_failed" in status
    assert refused.exit_code == 1
    assert "publish/publish_refused" in refused.stderr
    assert current_id(own_school.settings.snapshots_dir) == before


@pytest.mark.slow
def test_the_night_after_a_broken_audit_publishes(own_school: School, night: Night) -> None:
    """Guards against a source that is put right, and figures that stay those of the last good night."""
    before = current_id(own_school.settings.snapshots_dir)
    make_somebody_a_parent(own_school)
    broken = night(own_school.source_url, own_school.settings.data_dir, as_of=SCHOOL_AS_OF)
    with psycopg.connect(own_school.source_url) as connection:
        connection.execute("UPDATE users SET role = 'STUDENT' WHERE role = 'PARENT'")

    run = night(own_school.source_url, own_school.settings.data_dir, as_of=SCHOOL_AS_OF)

    assert (broken.state, run.state) == (RunState.FAILED, RunState.PUBLISHED), run.error
    assert current_id(own_school.settings.snapshots_dir) != before


def make_somebody_a_parent(school: School) -> None:
    """Give one person a role that no figure knows."""
    with psycopg.connect(school.source_url, autocommit=True) as connection:
        connection.execute("ALTER TYPE user_role ADD VALUE 'PARENT'")
        connection.execute("UPDATE users SET role = 'PARENT' WHERE id = (SELECT id FROM users LIMIT 1)")


def test_lost_source_fails_the_night_before_anything_changes(own_school: School, night: Night) -> None:
    before = current_id(own_school.settings.snapshots_dir)
    url = "postgresql://reader:hunter2@127.0.0.1:1/school"

    run = night(url, own_school.settings.data_dir)

    assert run.error is not None
    assert (run.error.step, run.error.code) == ("ingest", "source_failed")
    assert "SCHOOLHOUSE_SOURCE_URL" in run.error.hint
    assert current_id(own_school.settings.snapshots_dir) == before
    kept = [path.read_text() for path in own_school.settings.runs_dir.iterdir()]
    assert not any("hunter2" in text for text in kept)


def test_emptied_table_is_refused(own_school: School, night: Night) -> None:
    """Guards against publishing the accident of somebody who emptied a table at the source."""
    with psycopg.connect(own_school.source_url) as connection:
        connection.execute("TRUNCATE analytics")

    refused = night(own_school.source_url, own_school.settings.data_dir, as_of=SCHOOL_AS_OF)

    assert refused.error is not None
    assert "--allow-truncation" in refused.error.hint
    assert "analytics" in refused.error.message


@pytest.mark.slow
def test_emptied_table_is_published_when_it_is_allowed(own_school: School, night: Night) -> None:
    """Guards against a refusal that nobody can lift."""
    with psycopg.connect(own_school.source_url) as connection:
        connection.execute("TRUNCATE analytics")

    allowed = night(
        own_school.source_url, own_school.settings.data_dir, as_of=SCHOOL_AS_OF, allow_truncation=True
    )

    assert allowed.state is RunState.PUBLISHED, allowed.error
    with duckdb.connect(str(own_school.snapshot / MARTS_FILE), read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM fct_user_day").fetchall() == [(0,)]


@pytest.mark.slow
def test_lost_warehouse_keeps_the_history_and_is_built_again(own_school: School, night: Night) -> None:
    own_school.settings.warehouse_file.unlink()

    run = night(own_school.source_url, own_school.settings.data_dir, as_of=SCHOOL_AS_OF)

    assert run.state is RunState.PUBLISHED, run.error
    assert len(read_runs(own_school.settings.runs_dir)) == 2
    assert len(snapshot_ids(own_school.settings.snapshots_dir)) == 2


@pytest.mark.slow
def test_single_steps_make_a_night(
    own_school: School, environment: Environment, command_line: CliRunner
) -> None:
    environment(SOURCE_URL=own_school.source_url)
    before = current_id(own_school.settings.snapshots_dir)

    ingested = command_line.invoke(app, ["ingest", "--as-of", SCHOOL_AS_OF.isoformat()])
    too_early = command_line.invoke(app, ["publish"])
    built = command_line.invoke(app, ["build"])
    published = command_line.invoke(app, ["publish"])
    again = command_line.invoke(app, ["publish"])

    codes = [one.exit_code for one in (ingested, too_early, built, published, again)]
    assert codes == [0, 1, 0, 0, 0], [one.stderr for one in (ingested, too_early, built, published, again)]
    assert current_id(own_school.settings.snapshots_dir) != before
    assert [run.state for run in read_runs(own_school.settings.runs_dir)][:5] == [
        "published",
        "published",
        "finished",
        "failed",
        "finished",
    ]


def test_build_before_any_ingest_is_refused(environment: Environment, command_line: CliRunner) -> None:
    result = command_line.invoke(app, ["build"])

    assert result.exit_code == 1
    assert "/out_of_sequence" in result.stderr


@pytest.mark.slow
def test_smallest_installation_publishes_every_mart(
    make_database: MakeDatabase, school: School, environment: Environment, command_line: CliRunner
) -> None:
    """Guards against a product that only works on the database its makers have."""
    source_url = make_database(smallest=True)
    generate(source_url, learners=20, events=1_500, days=30, seed=4, as_of=SCHOOL_AS_OF)
    environment(SOURCE_URL=source_url)

    result = command_line.invoke(app, ["nightly", "--as-of", SCHOOL_AS_OF.isoformat()])
    status = command_line.invoke(app, ["status"]).stdout
    tables = command_line.invoke(
        app, ["sql", "SELECT table_name FROM duckdb_tables()", "--format", "csv"]
    ).stdout
    rows = command_line.invoke(
        app, ["sql", "SELECT count(*) AS n FROM engagement_daily", "--format", "csv"]
    ).stdout

    assert result.exit_code == 0, result.stderr
    assert set(tables.split()[1:]) == set(read_manifest(school.snapshot).tables)
    assert int(rows.split()[1]) > 20
    assert status.count("missing at the source, loaded as empty: ") == 1
    assert "schools" in status
    assert "users.birth_date" in status


@pytest.mark.slow
def test_readers_go_on_during_a_night(own_school: School, environment: Environment) -> None:
    """Guards against a lock of the night that shuts readers out."""
    environment(SOURCE_URL=own_school.source_url, MEMORY_LIMIT="1GB")
    command = [sys.executable, "-m", "pipeline.cli", "nightly", "--as-of", SCHOOL_AS_OF.isoformat()]
    answers: list[subprocess.CompletedProcess[str]] = []

    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, env=unmeasured(os.environ), **quiet) as night:
        wait_for_lock(own_school)
        while night.poll() is None:
            answers.append(ask("SELECT count(*) AS days FROM fct_user_day"))
            time.sleep(A_READERS_REST)
        assert night.returncode == 0

    assert len(answers) > 1
    assert {answer.returncode for answer in answers} == {0}
    assert {answer.stdout for answer in answers} == {answers[0].stdout}


def wait_for_lock(school: School) -> None:
    runs_dir = school.settings.runs_dir
    wait_until(
        lambda: any(run.state is RunState.RUNNING for run in read_runs(runs_dir)), "the night is running", 240
    )


def ask(query: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pipeline.cli", "sql", query, "--format", "csv"]
    return subprocess.run(command, env=unmeasured(os.environ), capture_output=True, text=True, check=False)
