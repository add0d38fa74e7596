"""A night that dies in any step leaves the readers alone, and the next night puts everything right."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from api.manifest import MARTS_FILE
from api.runs import RunRecord, RunState, StepState, read_runs
from demo.day import append_day
from demo.generate import generate
from pipeline.settings import Settings
from pipeline.snapshots import current_folder, current_id
from tests.conftest import SCHOOL_AS_OF, MakeDatabase, Night, settings_of
from tests.nights.comparison import differences
from tests.nights.test_nights import OWN_HISTORY

pytestmark = pytest.mark.slow

PATIENCE = 300
STEPS = ("ingest", "erase", "build", "publish", "purge")


@pytest.mark.timeout(1200)
def test_next_night_after_kills_in_every_step_equals_an_undisturbed_one(
    make_database: MakeDatabase, night: Night, tmp_path: Path
) -> None:
    """Guards against a half-done night that a later one takes for done."""
    source_url = make_database()
    generate(source_url, learners=30, events=4_000, days=60, seed=12, as_of=SCHOOL_AS_OF)
    settings = settings_of(source_url, tmp_path / "killed")
    assert night(source_url, settings.data_dir, as_of=SCHOOL_AS_OF).state is RunState.PUBLISHED
    as_of = SCHOOL_AS_OF + timedelta(days=1)
    append_day(source_url, seed=1, as_of=as_of)

    for step in STEPS:
        before = current_id(settings.snapshots_dir)
        kill_in(settings, step, as_of.isoformat())
        if STEPS.index(step) < STEPS.index("publish"):
            assert current_id(settings.snapshots_dir) == before
        assert readable(settings)
    assert night(source_url, settings.data_dir, as_of=as_of).state is RunState.PUBLISHED
    assert night(source_url, tmp_path / "calm", as_of=as_of).state is RunState.PUBLISHED

    killed = read_runs(settings.runs_dir)[1 : 1 + len(STEPS)]
    assert {settled(run) for run in killed[2:]} == {("failed", step) for step in STEPS[:3]}
    assert all(run.state is not RunState.RUNNING for run in killed)
    assert not list(settings.snapshots_dir.glob("*.tmp"))
    calm = settings_of(source_url, tmp_path / "calm")
    assert differences(settings, calm, without=OWN_HISTORY) == {}


def kill_in(settings: Settings, step: str, as_of: str) -> None:
    """Start a night in a process of its own and SIGKILL it as soon as it says that it is in `step`."""
    known = {run.run_id for run in read_runs(settings.runs_dir)}
    given = {
        "SCHOOLHOUSE_DATA_DIR": str(settings.data_dir),
        "SCHOOLHOUSE_SOURCE_URL": settings.require_source_url(),
        "SCHOOLHOUSE_MEMORY_LIMIT": "1GB",
    }
    command = [sys.executable, "-m", "pipeline.cli", "nightly", "--as-of", as_of]
    process = subprocess.Popen(
        command, env=os.environ | given, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    deadline = time.monotonic() + PATIENCE
    try:
        while not is_in(settings, known, step):
            assert process.poll() is None, f"the night ended before {step}"
            assert time.monotonic() < deadline, f"no {step} within {PATIENCE} s"
            time.sleep(0.002)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


def is_in(settings: Settings, known: set[str], step: str) -> bool:
    """Whether the newest run, unless known before, is in the step."""
    runs = [run for run in read_runs(settings.runs_dir) if run.run_id not in known]
    return any(one.name == step and one.state is StepState.RUNNING for run in runs for one in run.steps)


def readable(settings: Settings) -> bool:
    """Whether readers find a whole snapshot."""
    path = current_folder(settings.snapshots_dir) / MARTS_FILE
    with duckdb.connect(str(path), read_only=True) as connection:
        return bool(connection.execute("SELECT count(*) > 0 FROM fct_user_day").fetchall()[0][0])


def settled(run: RunRecord) -> tuple[str, str | None]:
    """State of a run, and the step it died in."""
    return run.state.value, run.error.step if run.error else None
