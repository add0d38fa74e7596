"""The history of runs: one JSON file a run, written by the pipeline, read by `status` and GET /builds."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import AwareDatetime, Field, ValidationError

from api.manifest import Frozen


class RunState(StrEnum):
    """`finished`: a single step ended well and published nothing."""

    RUNNING = "running"
    PUBLISHED = "published"
    FINISHED = "finished"
    FAILED = "failed"


class StepState(StrEnum):
    """How far a step of a run came."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class StepRecord(Frozen):
    """One step: duration in seconds and one line of what it did."""

    name: str
    state: StepState = StepState.WAITING
    seconds: float | None = None
    detail: str = ""


class RunError(Frozen):
    """Why a run failed; `message` holds no row values, `hint` says what to do next."""

    step: str
    code: str
    message: str
    hint: str = ""


class RunRecord(Frozen):
    """One run of `command`. The reports are the JSON forms of ingest's and the build's own reports."""

    run_id: str
    command: str
    pid: int
    started_at: AwareDatetime
    finished_at: AwareDatetime | None = None
    as_of: AwareDatetime | None = None
    state: RunState = RunState.RUNNING
    steps: tuple[StepRecord, ...] = ()
    error: RunError | None = None
    ingest: dict[str, Any] = Field(default_factory=dict)
    build: dict[str, Any] = Field(default_factory=dict)
    snapshot_id: str | None = None


def read_runs(folder: Path) -> list[RunRecord]:
    """All runs, newest first; a file that is no run is left out. Empty when there is no folder."""
    return [run for path in sorted(folder.glob("*.json"), reverse=True) if (run := read_run(path))]


def read_run(path: Path) -> RunRecord | None:
    """The run in a file, or None when there is no such file or it is no run."""
    try:
        return RunRecord.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None
