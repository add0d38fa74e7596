"""The run history: whole files only, killed runs settled, survives anything that happens to the warehouse."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

from api.runs import RunError, RunState, StepState, read_run, read_runs
from pipeline.history import RunLog, close_killed_runs, forget_old_runs
from pipeline.settings import Settings
from pipeline.snapshots import snapshot_ids
from tests.pipeline.conftest import MakeSnapshot


def test_every_change_is_on_disk_at_once(settings: Settings) -> None:
    log = RunLog(settings, "nightly", ("ingest", "build"))
    log.step("ingest", state=StepState.DONE, seconds=1.5, detail="3 rows")

    stored = read_run(settings.runs_dir / f"{log.record.run_id}.json")

    assert stored == log.record
    assert stored is not None
    assert [(step.name, step.state) for step in stored.steps] == [("ingest", "done"), ("build", "waiting")]
    assert stored.state is RunState.RUNNING
    assert stored.pid == os.getpid()


def test_killed_run_is_failed_at_the_step_it_was_in(settings: Settings) -> None:
    """Guards against a run that says `running` for ever after a SIGKILL."""
    log = RunLog(settings, "nightly", ("ingest", "build"))
    log.step("ingest", state=StepState.RUNNING)

    close_killed_runs(settings)

    (run,) = read_runs(settings.runs_dir)
    assert run.state is RunState.FAILED
    assert run.error == RunError(
        step="ingest",
        code="killed",
        message="The process ended without a word during ingest.",
        hint="Nothing was published by it; the next run carries on from there.",
    )
    assert run.steps[0].state is StepState.FAILED


def test_run_killed_after_its_switch_counts_as_published(
    settings: Settings, make_snapshot: MakeSnapshot
) -> None:
    """Guards against a history that denies the snapshot readers are looking at."""
    log = RunLog(settings, "nightly", ("publish",))
    snapshot_id = make_snapshot(run_id=log.record.run_id, is_current=True)

    close_killed_runs(settings)

    (run,) = read_runs(settings.runs_dir)
    assert (run.state, run.snapshot_id, run.error) == (RunState.PUBLISHED, snapshot_id, None)


def test_snapshot_of_a_run_killed_before_its_switch_goes_away(
    settings: Settings, make_snapshot: MakeSnapshot
) -> None:
    """Guards against a later rollback to figures that were never published."""
    kept = make_snapshot(is_current=True)
    log = RunLog(settings, "nightly", ("publish",))
    make_snapshot(run_id=log.record.run_id)

    close_killed_runs(settings)

    assert snapshot_ids(settings.snapshots_dir) == [kept]
    assert read_runs(settings.runs_dir)[0].state is RunState.FAILED


def test_finished_runs_are_left_alone(settings: Settings) -> None:
    log = RunLog(settings, "build", ("build",))
    log.finish(RunState.FINISHED)

    close_killed_runs(settings)

    assert read_runs(settings.runs_dir) == [log.record]


def test_only_the_newest_runs_stay(settings: Settings) -> None:
    few = settings.model_copy(update={"keep_runs": 2})
    logs = [RunLog(few, "build", ("build",)) for _ in range(4)]
    logs[0].write_traceback("trace")
    (few.runs_dir / ".half.json.1.tmp").write_text("{")

    forget_old_runs(few)

    expected = sorted(f"{log.record.run_id}.json" for log in logs[2:])
    assert sorted(path.name for path in few.runs_dir.iterdir()) == expected


def test_newest_run_comes_first_and_foreign_files_are_left_out(settings: Settings) -> None:
    first, second = (RunLog(settings, "build", ()) for _ in range(2))
    (settings.runs_dir / "20000101T000000Z-000000.json").write_text(json.dumps({"run_id": "x"}))

    assert [run.run_id for run in read_runs(settings.runs_dir)] == [second.record.run_id, first.record.run_id]
    assert read_runs(Path("/nowhere")) == []


def test_traceback_is_for_the_owner_only(settings: Settings) -> None:
    log = RunLog(settings, "build", ())

    path = settings.runs_dir / log.write_traceback("where it broke")

    assert path.read_text() == "where it broke"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
