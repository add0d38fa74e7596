"""How a run ends: well, with a failure that says why, or stopped; and what is on disk then."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest

from api.runs import RunState, read_runs
from ingest.progress import Lines, Silent
from pipeline.errors import BuildError
from pipeline.history import RunLog
from pipeline.lock import run_lock
from pipeline.run import Options, Run, Step, execute
from pipeline.settings import Settings

VALUE = "ada@example.org"


def well(run: Run) -> str:
    run.log.update(as_of=datetime(2026, 3, 1, tzinfo=UTC))
    return "3 rows"


def refuse(run: Run) -> str:
    raise BuildError("marts.dim_user could not be built")


def break_down(run: Run) -> str:
    try:
        int(VALUE)
    except ValueError as error:
        raise RuntimeError(f"cannot read {VALUE}") from error
    return ""


def stop(run: Run) -> str:
    raise KeyboardInterrupt


def test_steps_run_in_order_and_are_told(settings: Settings) -> None:
    heard = io.StringIO()

    run = execute(settings, "check", (Step("one", well), Step("two", well)), Options(), Lines(heard))

    assert run.state is RunState.FINISHED
    assert [line.partition(" (")[0] for line in heard.getvalue().splitlines()] == [
        "one: 3 rows",
        "two: 3 rows",
    ]
    assert run.finished_at is not None
    assert read_runs(settings.runs_dir) == [run]


def test_first_failure_ends_the_run_and_says_why(settings: Settings) -> None:
    heard = io.StringIO()

    run = execute(settings, "check", (Step("one", refuse), Step("two", well)), Options(), Lines(heard))

    assert run.error is not None
    assert (run.state, run.error.step, run.error.code) == (RunState.FAILED, "one", "build_failed")
    assert run.error.message == "marts.dim_user could not be built"
    assert "schoolhouse nightly" in run.error.hint
    assert [step.state for step in run.steps] == ["failed", "waiting"]
    assert "one: failed after" in heard.getvalue()


def test_unexpected_failure_keeps_places_but_no_values(settings: Settings) -> None:
    """Guards against row values, which databases put into their messages, in files that stay for years."""
    run = execute(settings, "check", (Step("one", break_down),), Options(), Silent())

    assert run.error is not None
    assert (run.error.code, run.error.step) == ("unexpected", "one")
    kept = {path.name: path.read_text() for path in settings.runs_dir.iterdir()}
    assert set(kept) == {f"{run.run_id}.json", f"{run.run_id}.log"}
    assert "break_down" in kept[f"{run.run_id}.log"]
    assert "ValueError" in kept[f"{run.run_id}.log"]
    assert not any(VALUE in text for text in kept.values())


def test_interrupt_is_recorded_and_passed_on(settings: Settings) -> None:
    with pytest.raises(KeyboardInterrupt):
        execute(settings, "check", (Step("one", stop),), Options(), Silent())

    (run,) = read_runs(settings.runs_dir)
    assert run.error is not None
    assert (run.state, run.error.code, run.error.step) == (RunState.FAILED, "interrupted", "one")


def test_lock_is_given_back_after_a_failure(settings: Settings) -> None:
    execute(settings, "check", (Step("one", refuse),), Options(), Silent())

    with run_lock(settings):
        assert settings.lock_file.exists()


def test_next_run_settles_the_killed_one(settings: Settings) -> None:
    killed = RunLog(settings, "nightly", ("ingest",))
    half = settings.snapshots_dir / "20260101T000000Z-000000.tmp"
    half.mkdir(parents=True)

    execute(settings, "check", (Step("one", well),), Options(), Silent())

    assert {run.run_id: run.state.value for run in read_runs(settings.runs_dir)}[
        killed.record.run_id
    ] == "failed"
    assert not half.exists()
