"""Nights as they fall due, while the process lives. APScheduler keeps the time, `pipeline.due` the rule."""

from __future__ import annotations

import logging
import select
import signal
import socket
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import structlog
from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MAX_INSTANCES, JobEvent
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger

from api.runs import RunRecord, read_runs
from pipeline.due import ATTEMPTS, Timetable, owed
from pipeline.errors import ExitCode
from pipeline.night_process import NightProcess
from pipeline.settings import Settings

PAUSE = timedelta(minutes=10)
# APScheduler waits by a clock that stands still while the machine sleeps: it has to look up now and then.
LOOK_UP_SECONDS = 5
NIGHT = "night"
log = structlog.get_logger("schedule")


def keep_schedule(settings: Settings, timetable: Timetable, night: NightProcess, grace: float) -> None:
    """Run nights as they fall due until SIGTERM or SIGINT.

    A night that is running then has `grace` seconds to end before it is interrupted; a second signal
    interrupts it at once.
    """
    signals = _heed_signals()
    keeper = Keeper(settings, timetable, night)
    keeper.start()
    signals.recv(1)
    deadline = time.monotonic() + grace
    log.info("schedule_stopping", night_running=night.is_running, grace_seconds=grace)
    keeper.stop(lambda: _another(signals) or time.monotonic() >= deadline)
    log.info("schedule_stopped")


class DueTrigger(BaseTrigger):  # type: ignore[misc]
    """Fires at the due moments of a timetable."""

    def __init__(self, timetable: Timetable) -> None:
        self._timetable = timetable

    def get_next_fire_time(self, _previous: datetime | None, now: datetime) -> datetime:
        """The first due moment that lies ahead: moments that were missed are made up for once."""
        return self._timetable.next(now)


class Keeper:
    """The running scheduler, and what it remembers: how often the night of which moment was tried."""

    def __init__(self, settings: Settings, timetable: Timetable, night: NightProcess) -> None:
        self._settings = settings
        self._timetable = timetable
        self._night = night
        self._tries: dict[datetime, int] = {}
        # Missed moments count as one, however long ago; a night does not overlap with itself.
        defaults = {"coalesce": True, "misfire_grace_time": None, "max_instances": 1}
        self._scheduler = BackgroundScheduler(timezone=UTC, job_defaults=defaults)

    def start(self) -> None:
        """Begin; a night that is owed already runs at once."""
        logging.getLogger("apscheduler").setLevel(logging.CRITICAL)  # its news is told by `_tell_event`
        now = datetime.now(UTC)
        due = self._owed(now)
        self._scheduler.add_listener(_tell_event, EVENT_JOB_MAX_INSTANCES | EVENT_JOB_ERROR)
        first = now if due else self._timetable.next(now)
        self._scheduler.add_job(self._fire, DueTrigger(self._timetable), id=NIGHT, next_run_time=first)
        self._scheduler.add_job(_look_up, "interval", seconds=LOOK_UP_SECONDS)
        log.info(
            "schedule_started",
            at=self._timetable.at.isoformat(),
            timezone=self._timetable.zone.key,
            missed=self._local(due) if due else None,
            next_due=self._local(self._timetable.next(now)),
        )
        self._scheduler.start()

    def stop(self, is_over: Callable[[], bool]) -> None:
        """Start no night any more, and end the running one as NightProcess.stop does."""
        self._scheduler.pause()
        self._night.stop(is_over)
        self._scheduler.shutdown(wait=True)

    def _fire(self) -> None:
        due = self._owed(datetime.now(UTC))
        if due is None:
            log.info("night_not_needed", why="a night has begun since it was due")
        else:
            self._run(due)
        if not self._night.is_stopped:
            log.info("schedule_waiting", next_due=self._local(self._timetable.next(datetime.now(UTC))))

    def _run(self, due: datetime) -> None:
        started = datetime.now(UTC)
        self._tries = {due: self._tries.get(due, 0) + 1}
        log.info(
            "night_started", due=self._local(due), late_seconds=round((started - due).total_seconds(), 1)
        )
        code = self._night.run(lambda line: log.info("night_says", line=line))
        if code is None:
            return
        _tell_end(code, self._newest(started), round((datetime.now(UTC) - started).total_seconds(), 1))
        self._try_again(due)

    def _try_again(self, due: datetime) -> None:
        """Once more after a pause, when the night did not come to a judgement of its own."""
        now = datetime.now(UTC)
        if self._owed(now) == due and self._tries[due] < ATTEMPTS and not self._night.is_stopped:
            self._scheduler.modify_job(NIGHT, next_run_time=min(now + PAUSE, self._timetable.next(now)))
            log.warning("night_again", due=self._local(due), at=self._local(now + PAUSE))

    def _owed(self, now: datetime) -> datetime | None:
        return owed(self._timetable, now, read_runs(self._settings.runs_dir))

    def _newest(self, since: datetime) -> RunRecord | None:
        """The record of the night that just ended; None when it died before it had one."""
        return next((run for run in read_runs(self._settings.runs_dir) if run.started_at >= since), None)

    def _local(self, moment: datetime) -> str:
        return moment.astimezone(self._timetable.zone).isoformat(timespec="seconds")


def _tell_end(code: int, run: RunRecord | None, seconds: float) -> None:
    if code == ExitCode.LOCKED:
        log.warning("night_skipped", why="another run holds the data directory")
        return
    facts = {"exit_code": code, "seconds": seconds, "run_id": run.run_id if run else None}
    if code == ExitCode.DONE:
        log.info("night_published", **facts, snapshot_id=run.snapshot_id if run else None)
        return
    if run and run.error:
        facts |= run.error.model_dump()
    log.error("night_failed", **facts, signal=signal.Signals(-code).name if code < 0 else None)


def _tell_event(event: JobEvent) -> None:
    if event.code == EVENT_JOB_ERROR:
        log.error("schedule_error", error=repr(event.exception))
    elif event.job_id == NIGHT:
        log.warning("night_skipped", why="the night before is still running")


def _look_up() -> None:
    """Nothing: to be woken is enough for the scheduler to look at the clock."""


def _heed_signals() -> socket.socket:
    """A socket that holds a byte for each signal to stop.

    A queue that the handlers fill would not do: Python runs them between two steps of the main thread, so one
    that comes while that thread is about to wait would be heard with the next signal only.
    """
    heard, told = socket.socketpair()
    told.setblocking(False)
    signal.set_wakeup_fd(told.detach())
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    return heard


def _another(signals: socket.socket) -> bool:
    return bool(select.select([signals], [], [], 0.1)[0]) and bool(signals.recv(1))
