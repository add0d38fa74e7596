"""Exit codes and what people read: 0 done, 1 failed, 2 wrong use, 3 another run holds the lock."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from uuid import UUID

import jwt
import pytest
from typer.testing import CliRunner

from api.runs import RunError, RunState, StepState
from pipeline.cli import app
from pipeline.history import RunLog
from pipeline.lock import run_lock
from pipeline.settings import Settings
from pipeline.snapshots import current_id
from tests.pipeline.conftest import Environment, MakeSnapshot

SECRET = "a secret for tests that is long enough"
SCHOOL = "11111111-1111-4111-8111-111111111111"


@pytest.mark.parametrize("moment", ["2026-11-22T01:45:00", "yesterday", "2026-13-01T00:00:00Z", ""])
def test_as_of_needs_an_offset(command_line: CliRunner, environment: Environment, moment: str) -> None:
    """Guards against a night that is off by the machine's zone, silently."""
    environment(SOURCE_URL="postgresql://nobody@127.0.0.1:1/none")

    result = command_line.invoke(app, ["nightly", "--as-of", moment])

    assert result.exit_code == 2
    assert "--as-of" in result.stderr


@pytest.mark.parametrize("command", ["nightly", "ingest", "generate"])
def test_source_url_is_asked_for(command_line: CliRunner, settings: Settings, command: str) -> None:
    result = command_line.invoke(app, [command])

    assert result.exit_code == 2
    assert "SCHOOLHOUSE_SOURCE_URL is not set" in result.stderr
    assert "schoolhouse settings" in result.stderr
    assert not settings.runs_dir.exists()


def test_unknown_command_is_wrong_use(command_line: CliRunner) -> None:
    assert command_line.invoke(app, ["nihgtly"]).exit_code == 2


@pytest.mark.parametrize("command", ["nightly", "ingest", "build", "publish", "rollback"])
def test_lock_is_respected_by_every_writing_command(
    command_line: CliRunner, environment: Environment, settings: Settings, command: str
) -> None:
    environment(SOURCE_URL="postgresql://nobody@127.0.0.1:1/none")
    with run_lock(settings):
        result = command_line.invoke(app, [command])

    assert result.exit_code == 3
    assert "Another run is working on" in result.stderr
    assert not settings.runs_dir.exists()


def test_lock_holds_against_another_process(settings: Settings, environment: Environment) -> None:
    with run_lock(settings):
        other = subprocess.run(
            [sys.executable, "-m", "pipeline.cli", "build"], capture_output=True, check=False
        )

    assert other.returncode == 3
    assert b"lock_held" in other.stderr


def test_settings_lists_all_of_them(command_line: CliRunner, environment: Environment) -> None:
    environment(JWT_SECRET=SECRET)

    result = command_line.invoke(app, ["settings"])

    assert result.exit_code == 0
    names = [f"SCHOOLHOUSE_{name.upper()}" for name in Settings.model_fields]
    assert [name for name in names if name not in result.stdout] == []
    assert SECRET not in result.stdout


def test_token_can_be_verified(command_line: CliRunner, environment: Environment) -> None:
    environment(JWT_SECRET=SECRET, JWT_ISSUER="school", JWT_AUDIENCE="marts")

    result = command_line.invoke(app, ["token", "--role", "teacher", "--school", SCHOOL, "--hours", "2"])

    claims = jwt.decode(
        result.stdout.strip(), SECRET, algorithms=["HS256"], audience="marts", issuer="school"
    )
    assert claims["role"] == "teacher"
    assert claims["school_id"] == SCHOOL
    assert UUID(claims["sub"]).version == 4
    assert 7_100 < claims["exp"] - datetime.now(UTC).timestamp() <= 7_200


def test_platform_token_has_no_school(command_line: CliRunner, environment: Environment) -> None:
    environment(JWT_SECRET=SECRET)

    result = command_line.invoke(app, ["token", "--role", "admin", "--user", SCHOOL])

    claims = jwt.decode(result.stdout.strip(), SECRET, algorithms=["HS256"])
    assert set(claims) == {"sub", "role", "exp"}
    assert claims["sub"] == SCHOOL


@pytest.mark.parametrize(
    "arguments", [["token", "--role", "admin"], ["serve", "--port", "0"], ["token", "--role", "god"]]
)
def test_no_secret_no_start(command_line: CliRunner, arguments: list[str]) -> None:
    assert command_line.invoke(app, arguments).exit_code == 2


def test_rollback_goes_one_back_and_to_an_id(
    command_line: CliRunner, settings: Settings, make_snapshot: MakeSnapshot
) -> None:
    ids = [make_snapshot(is_current=True) for _ in range(3)]

    back = command_line.invoke(app, ["rollback"])
    assert (back.exit_code, current_id(settings.snapshots_dir)) == (0, ids[1])

    forward = command_line.invoke(app, ["rollback", ids[2]])
    assert (forward.exit_code, current_id(settings.snapshots_dir)) == (0, ids[2])

    nowhere = command_line.invoke(app, ["rollback", "20000101T000000Z-000000"])
    assert (nowhere.exit_code, current_id(settings.snapshots_dir)) == (1, ids[2])
    assert "no_snapshot" in nowhere.stderr


def test_snapshots_marks_the_current_one(command_line: CliRunner, make_snapshot: MakeSnapshot) -> None:
    older, newer = make_snapshot(is_current=True), make_snapshot()

    lines = [line for line in command_line.invoke(app, ["snapshots"]).stdout.splitlines() if "T" in line]

    assert [line.split()[:2] for line in lines] == [[newer, lines[0].split()[1]], ["*", older]]


def test_status_without_runs(command_line: CliRunner) -> None:
    assert "No run yet" in command_line.invoke(app, ["status"]).stdout
    assert json.loads(command_line.invoke(app, ["status", "--json"]).stdout) == []


def test_status_says_what_failed_and_what_is_next(command_line: CliRunner, settings: Settings) -> None:
    log = RunLog(settings, "nightly", ("ingest", "build"))
    log.step("ingest", state=StepState.DONE, seconds=2.5, detail="12 rows read")
    log.step("build", state=StepState.FAILED, seconds=0.5)
    audits = [
        {"mart": "dim_user", "audit": "not_null", "rows": 0, "passed": True, "blocking": True},
        {"mart": "fct_user_day", "audit": "unique_values", "rows": 4, "passed": False, "blocking": True},
    ]
    log.update(build={"audits": audits})
    log.finish(
        RunState.FAILED, RunError(step="build", code="audit_failed", message="4 rows", hint="Mend them.")
    )

    shown = command_line.invoke(app, ["status"]).stdout
    (run,) = json.loads(command_line.invoke(app, ["status", "--json"]).stdout)

    assert "build/audit_failed: 4 rows" in shown
    assert "12 rows read" in shown
    assert "audits: 1 of 2 passed" in shown
    assert "unique_values" in shown
    assert "next: Mend them." in shown
    assert "current snapshot: none" in shown
    assert run["state"] == "failed"
    assert run["error"]["code"] == "audit_failed"


def test_status_tells_a_running_from_a_killed_run(command_line: CliRunner, settings: Settings) -> None:
    """Guards against waiting for a process that is long dead."""
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    log = RunLog(settings, "nightly", ("ingest",))

    assert "running" in command_line.invoke(app, ["status"]).stdout
    log.update(pid=dead.pid)
    assert "killed" in command_line.invoke(app, ["status"]).stdout
