"""The run history as text and as JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import Any

from api.runs import RunRecord, RunState
from pipeline.screen import say, show_table

INGEST_FIGURES = (
    "rows_read",
    "rows_inserted",
    "rows_updated",
    "rows_deleted",
    "rows_total",
    "orphans",
    "future",
    "late",
)


def runs_as_json(runs: Sequence[RunRecord]) -> str:
    """The runs as one JSON array, newest first."""
    return json.dumps([run.model_dump(mode="json") for run in runs], indent=2)


def show_runs(runs: Sequence[RunRecord], current: str | None) -> None:
    """Print the runs, newest first, and the newest one in full."""
    if not runs:
        say("No run yet. `schoolhouse nightly` makes one.")
        return
    columns = ("run", "command", "state", "as_of", "seconds", "snapshot or reason")
    show_table("", columns, [_line(run) for run in runs])
    _show_newest(runs[0])
    say(f"current snapshot: {current or 'none'}")


def _line(run: RunRecord) -> tuple[object, ...]:
    as_of = run.as_of.isoformat(timespec="seconds") if run.as_of else None
    seconds = round((run.finished_at - run.started_at).total_seconds(), 1) if run.finished_at else ""
    return (run.run_id, run.command, _state(run), as_of, seconds, _outcome(run))


def _state(run: RunRecord) -> str:
    if run.state is RunState.RUNNING and not _is_alive(run.pid):
        return "killed"
    return run.state.value


def _outcome(run: RunRecord) -> str:
    reason = f"{run.error.step}/{run.error.code}: {run.error.message}" if run.error else ""
    return "; ".join(part for part in (run.snapshot_id, reason) if part)


def _show_newest(run: RunRecord) -> None:
    steps = [(step.name, step.state.value, step.seconds, step.detail) for step in run.steps]
    show_table(f"Run {run.run_id}", ("step", "state", "seconds", "detail"), steps)
    if run.ingest:
        _show_ingest(run.ingest)
    if run.build:
        _show_audits(run.build)
    if run.error and run.error.hint:
        say(f"next: {run.error.hint}")


def _show_ingest(report: dict[str, Any]) -> None:
    rows = [(table["table"], *(table[figure] for figure in INGEST_FIGURES)) for table in report["tables"]]
    show_table("Ingested", ("table", *INGEST_FIGURES), rows)
    for label, field in _WITHOUT.items():
        if report[field]:
            say(f"{label}: {', '.join(report[field])}")
    if report["unknown_zones"]:
        say(f"schools whose time zone is unknown, taken as UTC: {report['unknown_zones']}")


_WITHOUT = {
    "missing at the source, loaded as empty": "missing_tables",
    "missing at the source, loaded as NULL or default": "missing_columns",
    "unknown columns of the source, ignored": "ignored_columns",
}


def _show_audits(report: dict[str, Any]) -> None:
    audits = report["audits"]
    columns = ("mart", "audit", "rows", "blocking")
    broken = [[one[column] for column in columns] for one in audits if not one["passed"]]
    say(f"audits: {len(audits) - len(broken)} of {len(audits)} passed")
    if broken:
        show_table("Broken audits", columns, broken)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
