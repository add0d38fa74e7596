"""One run of one or more steps: lock, history, failure, clean-up. The steps are in `pipeline.steps`."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from api.project import PROJECT
from api.runs import RunError, RunRecord, RunState, StepRecord, StepState
from ingest import IngestError
from ingest.progress import Reporter
from pipeline.diagnosis import diagnose
from pipeline.errors import PipelineError
from pipeline.history import RunLog, close_killed_runs, forget_old_runs
from pipeline.lock import run_lock
from pipeline.settings import Settings
from pipeline.snapshots import clear_unfinished

if TYPE_CHECKING:  # SQLMesh takes seconds to import; the source can be asked before
    from pipeline.warehouse import Warehouse


@dataclass(frozen=True)
class Options:
    """What the caller of a run may choose; `project` is the folder of the SQLMesh project."""

    as_of: datetime | None = None
    allow_truncation: bool = False
    project: Path = PROJECT


class Run:
    """What the steps of one run share: settings, progress, record, and the warehouse while it is open."""

    def __init__(self, settings: Settings, options: Options, report: Reporter, log: RunLog) -> None:
        self.settings = settings
        self.options = options
        self.report = report
        self.log = log
        self._warehouse: Warehouse | None = None
        self._open = ExitStack()

    @property
    def warehouse(self) -> Warehouse:
        """The warehouse, opened at first use."""
        if self._warehouse is None:
            from pipeline.warehouse import open_warehouse

            opened = open_warehouse(self.settings, self.options.project)
            self._warehouse = self._open.enter_context(opened)
        return self._warehouse

    def close_warehouse(self) -> None:
        """Bring everything into the file and let go of it; the next use opens it again."""
        self._warehouse = None
        self._open.close()


@dataclass(frozen=True)
class Step:
    """A named part of a run; its action returns one line of what it did."""

    name: str
    action: Callable[[Run], str]


def execute(
    settings: Settings,
    command: str,
    steps: tuple[Step, ...],
    options: Options,
    report: Reporter,
    afterwards: tuple[Step, ...] = (),
) -> RunRecord:
    """Run the steps in order and return the record of the run; the first failure ends it.

    The steps in `afterwards` follow however the run ended, and whatever becomes of them changes nothing about
    that: it is told and recorded. One that returns "" had nothing to do.
    Raises LockedError when another process works on the data directory, and OSError when not
    even the history can be written.
    """
    with run_lock(settings):
        tidy(settings)
        log = RunLog(settings, command, tuple(step.name for step in steps))
        run = Run(settings, options, report, log)
        try:
            _perform_all(steps, run)
        except Exception as error:
            log.fail(_explain(error, run))
        except BaseException:
            log.fail(_interrupted(log))
            raise
        for step in afterwards:
            _follow(step, run)
        return log.record


def tidy(settings: Settings) -> None:
    """Settle what killed runs left behind. Only for the holder of the run lock."""
    clear_unfinished(settings.snapshots_dir)
    close_killed_runs(settings)
    forget_old_runs(settings)


def _perform_all(steps: tuple[Step, ...], run: Run) -> None:
    try:
        for step in steps:
            _perform(step, run)
    finally:
        run.close_warehouse()
    run.log.finish(RunState.PUBLISHED if run.log.record.snapshot_id else RunState.FINISHED)


def _perform(step: Step, run: Run) -> None:
    run.log.step(step.name, state=StepState.RUNNING)
    run.report.advance(step.name, 0)
    started = time.monotonic()
    try:
        detail = step.action(run)
    except BaseException as error:
        run.log.fail_step(step.name, _since(started))
        run.report.finish(step.name, f"failed after {_since(started):.1f} s: {_first_line(error)}")
        raise
    seconds = _since(started)
    run.log.step(step.name, state=StepState.DONE, seconds=seconds, detail=detail)
    run.report.finish(step.name, f"{detail} ({seconds:.1f} s)")


def _follow(step: Step, run: Run) -> None:
    started = time.monotonic()
    try:
        state, detail = StepState.DONE, step.action(run)
    except Exception as error:
        reason = _explain(error, run)
        state, detail = StepState.FAILED, f"failed: {reason.message}"
    if detail:
        with suppress(OSError):  # a full disk
            run.log.append(StepRecord(name=step.name, state=state, seconds=_since(started), detail=detail))
        run.report.finish(step.name, f"{detail} ({_since(started):.1f} s)")


def _since(started: float) -> float:
    return round(time.monotonic() - started, 3)


def _first_line(error: BaseException) -> str:
    """For the screen only: the messages of a database may hold values of rows."""
    return next(iter(str(error).splitlines()), type(error).__name__)


def _explain(error: Exception, run: Run) -> RunError:
    step, name = _failed_step(run.log), _keep_traceback(error, run.log)
    told = diagnose(error, run.settings.data_dir) or error
    if isinstance(told, PipelineError | IngestError):
        return RunError(step=step, code=told.code, message=str(told), hint=told.hint)
    message = f"Unexpected {type(error).__name__}; where it happened is in runs/{name}."
    return RunError(step=step, code="unexpected", message=message, hint="Run it again.")


def _keep_traceback(error: Exception, log: RunLog) -> str:
    """Keep the places only: the messages of a database may hold values of rows."""
    chain = [one for one in (error.__cause__ or error.__context__, error) if one is not None]
    parts = [f"{type(one).__name__}\n{''.join(traceback.format_tb(one.__traceback__))}" for one in chain]
    return log.write_traceback("\n".join(parts))


def _interrupted(log: RunLog) -> RunError:
    step = _failed_step(log)
    return RunError(
        step=step, code="interrupted", message=f"Interrupted during {step}.", hint="Run it again."
    )


def _failed_step(log: RunLog) -> str:
    return next((one.name for one in log.record.steps if one.state is StepState.FAILED), "end")
