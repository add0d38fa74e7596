"""The run history: one file a run beside the warehouse, so that it survives the warehouse's loss."""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from api.runs import RunError, RunRecord, RunState, StepRecord, StepState, read_runs
from pipeline.files import PRIVATE, write_atomic
from pipeline.ids import new_id
from pipeline.settings import Settings
from pipeline.snapshots import forget_unpublished


class RunLog:
    """The record of the run at work; every change is on disk before the run goes on."""

    def __init__(self, settings: Settings, command: str, steps: tuple[str, ...]) -> None:
        now = datetime.now(UTC)
        self._folder = settings.runs_dir
        newest = max((path.stem for path in self._folder.glob("[0-9]*.json")), default="")
        self.record = RunRecord(
            run_id=new_id(now, newest),
            command=command,
            pid=os.getpid(),
            started_at=now,
            steps=tuple(StepRecord(name=name) for name in steps),
        )
        self._folder.mkdir(parents=True, exist_ok=True)
        self.update()

    def update(self, **changes: Any) -> None:
        """Change fields of the record."""
        self.record = self.record.model_copy(update=changes)
        content = self.record.model_dump_json(indent=2).encode()
        write_atomic(self._folder / f"{self.record.run_id}.json", content)

    def step(self, name: str, **changes: Any) -> None:
        """Change fields of one step."""
        steps = [step.model_copy(update=changes) if step.name == name else step for step in self.record.steps]
        self.update(steps=tuple(steps))

    def append(self, step: StepRecord) -> None:
        """Add what followed the steps of the run."""
        self.update(steps=(*self.record.steps, step))

    def finish(self, state: RunState, error: RunError | None = None) -> None:
        """Close the record."""
        self.update(state=state, error=error, finished_at=datetime.now(UTC))

    def fail_step(self, name: str, seconds: float) -> None:
        """Note that a step failed; on a full disk in memory only."""
        with suppress(OSError):
            self.step(name, state=StepState.FAILED, seconds=seconds)

    def fail(self, error: RunError) -> None:
        """Close the record of a run that failed; on a full disk in memory only: the next run settles it."""
        with suppress(OSError):
            self.finish(RunState.FAILED, error)

    def write_traceback(self, text: str) -> str:
        """Add a traceback, if it can be, to the log of the run, for its owner; returns its name."""
        path = self._folder / f"{self.record.run_id}.log"
        with suppress(OSError):
            before = path.read_bytes() if path.exists() else b""
            write_atomic(path, before + text.encode(), mode=PRIVATE)
        return path.name


def close_killed_runs(settings: Settings) -> None:
    """Settle the runs that still say `running`: published when readers see their snapshot, else killed.

    Only for the holder of the run lock.
    """
    for run in read_runs(settings.runs_dir):
        if run.state is RunState.RUNNING:
            snapshot_id = forget_unpublished(settings.snapshots_dir, run.run_id)
            closed = _published(run, snapshot_id) if snapshot_id else _killed(run)
            write_atomic(settings.runs_dir / f"{run.run_id}.json", closed.model_dump_json(indent=2).encode())


def forget_old_runs(settings: Settings) -> None:
    """Remove the oldest runs beyond the number that stays, and what a killed write left behind."""
    for record in sorted(settings.runs_dir.glob("*.json"), reverse=True)[settings.keep_runs :]:
        record.with_suffix(".log").unlink(missing_ok=True)
        record.unlink()
    for leftover in settings.runs_dir.glob(".*.tmp"):
        leftover.unlink()


def _published(run: RunRecord, snapshot_id: str) -> RunRecord:
    return run.model_copy(update={"state": RunState.PUBLISHED, "snapshot_id": snapshot_id})


def _killed(run: RunRecord) -> RunRecord:
    step = next((step.name for step in run.steps if step.state is StepState.RUNNING), "start")
    steps = tuple(
        entry.model_copy(update={"state": StepState.FAILED, "detail": "killed"})
        if entry.state is StepState.RUNNING
        else entry
        for entry in run.steps
    )
    error = RunError(
        step=step,
        code="killed",
        message=f"The process ended without a word during {step}.",
        hint="Nothing was published by it; the next run carries on from there.",
    )
    return run.model_copy(update={"state": RunState.FAILED, "steps": steps, "error": error})
