"""`schoolhouse schedule` as the process that it is: due, missed, asleep, crossed, crashed, stopped."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import libfaketime
import psutil
import psycopg
import pytest
from typer.testing import CliRunner

from api.runs import RunState, read_runs
from pipeline.cli import app
from pipeline.due import CUT_SHORT
from pipeline.history import RunLog
from pipeline.lock import run_lock
from pipeline.schedule import LOOK_UP_SECONDS
from pipeline.settings import Settings
from pipeline.snapshots import current_id
from tests.conftest import School, settings_of
from tests.pipeline.conftest import Environment
from tests.tracing import unmeasured
from tests.waiting import PATIENCE, wait_until

NOBODY = "postgresql://nobody@127.0.0.1:1/none"
FAKETIME = Path(libfaketime.__file__).parent / "vendor/libfaketime/src/libfaketime.so.1"


class Scheduler:
    """A running `schoolhouse schedule`, and the events that it logs."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.told: list[dict[str, Any]] = []
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()

    def wait_for(self, event: str, seconds: float = PATIENCE) -> dict[str, Any]:
        """The next event of that name."""
        deadline = time.monotonic() + seconds
        while True:
            line = self._lines.get(timeout=max(deadline - time.monotonic(), 0.01))
            assert line is not None, f"it ended before {event}: {self.told}"
            self.told.append(json.loads(line))
            if self.told[-1]["event"] == event:
                return self.told[-1]

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to stop and return its exit code."""
        self.process.send_signal(number)
        self.wait_for("schedule_stopped")
        return self.process.wait(PATIENCE)

    def count(self, event: str) -> int:
        """How often that was told."""
        return sum(one["event"] == event for one in self.told)

    def night(self) -> psutil.Process:
        """The process of the night that has been told to start."""
        scheduler = psutil.Process(self.process.pid)
        return wait_until(scheduler.children, "the scheduler starts a night")[0]

    def _read(self) -> None:
        for line in self.process.stderr or ():
            self._lines.put(line)
        self._lines.put(None)


@contextmanager
def scheduler(
    settings: Settings, due: datetime, *arguments: str, environment: Mapping[str, str] = os.environ
) -> Iterator[Scheduler]:
    """A scheduler whose nights are due at the time of day of `due`; killed with its night if still there."""
    source = settings.require_source_url()
    given = {"SCHOOLHOUSE_DATA_DIR": str(settings.data_dir), "SCHOOLHOUSE_SOURCE_URL": source}
    command = [sys.executable, "-m", "pipeline.cli", "schedule", "--at", f"{due:%H:%M:%S}", *arguments]
    with subprocess.Popen(
        command, env={**environment, **given}, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield Scheduler(process)
        finally:
            if process.poll() is None:
                for one in (*psutil.Process(process.pid).children(), process):
                    one.kill()


@pytest.fixture
def unreachable(tmp_path: Path) -> Settings:
    """Settings whose source cannot be reached: a night fails as soon as it begins."""
    return settings_of(NOBODY, tmp_path / "data")


def soon(seconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


def moment(record: dict[str, Any], field: str) -> datetime:
    return datetime.fromisoformat(record[field])


def record_night(settings: Settings) -> None:
    """The history of somebody whose night is done."""
    RunLog(settings, "nightly", ()).finish(RunState.PUBLISHED)


def test_a_missed_night_runs_once_and_may_end_when_stopped(own_school: School, tmp_path: Path) -> None:
    """Guards against yesterday's numbers for a whole day after an outage, and against two nights instead.

    Its reports are of the night: a `--report` that got lost on the way would leave yesterday's in the folder.
    """
    settings, due = own_school.settings, soon(-1)
    before = current_id(settings.snapshots_dir)
    reports = tmp_path / "reports"
    with psycopg.connect(own_school.source_url) as connection:
        connection.execute("UPDATE schools SET is_active = code = 'harbor-high'")

    arguments = ("--grace", "100", "--report", str(reports))
    with scheduler(settings, due, *arguments, environment=unmeasured(os.environ)) as first:
        assert first.wait_for("schedule_started")["missed"] is not None
        first.wait_for("night_started")
        assert first.end() == 0
    with scheduler(settings, due) as second:
        assert second.wait_for("schedule_started")["missed"] is None
        assert second.end() == 0

    (published,) = [one for one in first.told if one["event"] == "night_published"]
    assert published["snapshot_id"] == current_id(settings.snapshots_dir) != before
    assert any(one.get("line", "").startswith("ingest: ") for one in first.told)
    assert (first.count("night_started"), second.count("night_started")) == (1, 0)
    assert (
        len(list(reports.glob("school-*-harbor-high.html"))) == len(list(reports.glob("school-*.html"))) == 1
    )
    assert published["snapshot_id"] in (reports / "platform.html").read_text()


def test_a_night_starts_when_it_is_due_and_its_failure_ends_nothing(unreachable: Settings) -> None:
    """Guards against a scheduler that dies with the first night whose source is away."""
    record_night(unreachable)
    due = soon(4)

    with scheduler(unreachable, due) as running:
        started = running.wait_for("schedule_started")
        begun = running.wait_for("night_started")
        failed = running.wait_for("night_failed")
        again = running.wait_for("night_again")
        waiting = running.wait_for("schedule_waiting")
        assert running.end(signal.SIGINT) == 0

    assert started["missed"] is None
    assert moment(started, "next_due") == moment(begun, "due") == due.replace(microsecond=0)
    assert timedelta() <= moment(begun, "timestamp") - moment(begun, "due") < timedelta(seconds=5)
    assert (failed["exit_code"], failed["code"], failed["step"]) == (1, "source_failed", "ingest")
    assert timedelta(minutes=9) < moment(again, "at") - moment(failed, "timestamp") < timedelta(minutes=11)
    assert moment(waiting, "next_due") == moment(started, "next_due") + timedelta(days=1)


def test_after_sleep_the_night_runs_once(unreachable: Settings, tmp_path: Path) -> None:
    """Guards against a laptop closed at midnight: waits are measured by a clock that stands still meanwhile.

    The wall clock of the process jumps by eight hours, over the due moment, as it does on waking. The lock is
    held: the night is skipped, and says so.
    """
    record_night(unreachable)
    clock = tmp_path / "clock"
    clock.write_text("+0")
    asleep = {
        "LD_PRELOAD": str(FAKETIME),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }

    with (
        run_lock(unreachable),
        scheduler(unreachable, soon(3600), environment=os.environ | asleep) as running,
    ):
        assert running.wait_for("schedule_started")["missed"] is None
        time.sleep(1)
        (tmp_path / "woken").write_text("+28800")
        (tmp_path / "woken").replace(clock)
        begun = running.wait_for("night_started", 6 * LOOK_UP_SECONDS)
        skipped = running.wait_for("night_skipped")
        running.wait_for("schedule_waiting")
        assert running.end() == 0

    assert begun["late_seconds"] == pytest.approx(7 * 3600, abs=60)
    assert skipped["level"] == "warning"
    assert running.count("night_started") == 1
    assert len(read_runs(unreachable.runs_dir)) == 1


def test_a_killed_night_ends_neither_the_scheduler_nor_its_claim(unreachable: Settings) -> None:
    """Guards against the kernel taking a night for want of memory, and nobody saying so or trying again."""
    with scheduler(unreachable, soon(-1)) as running:
        running.wait_for("night_started")
        running.night().kill()
        failed = running.wait_for("night_failed")
        running.wait_for("night_again")
        assert running.process.poll() is None
        assert running.end() == 0

    assert (failed["exit_code"], failed["signal"], failed["level"]) == (-9, "SIGKILL", "error")


def test_a_night_that_does_not_end_in_time_is_interrupted(own_school: School) -> None:
    """Guards against a stop that hangs on a night, and against a night that goes on without its scheduler.

    A table of the source is locked, so that the night waits. The first signal gives it time, the second none.
    """
    settings = own_school.settings
    with psycopg.connect(own_school.source_url) as blocker:
        blocker.execute("LOCK TABLE analytics IN ACCESS EXCLUSIVE MODE")
        with scheduler(settings, soon(-1), "--grace", "600") as running:
            running.wait_for("night_started")
            night = running.night()
            wait_until_one_waits(blocker)
            running.process.send_signal(signal.SIGTERM)
            assert running.wait_for("schedule_stopping")["night_running"] is True
            assert running.end() == 0

    assert not night.is_running()
    newest = read_runs(settings.runs_dir)[0]
    assert newest.error is not None
    assert (newest.state, newest.snapshot_id) == (RunState.FAILED, None)
    # Interrupted in the driver, it is the query that failed: either way the night is owed again.
    assert newest.error.code in CUT_SHORT
    assert running.count("night_again") == 0


def wait_until_one_waits(blocker: psycopg.Connection[Any]) -> None:
    """Until somebody waits for a lock of the database."""
    waiting = """
        SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
        WHERE NOT granted AND datname = current_database()"""
    wait_until(lambda: blocker.execute(waiting).fetchone() != (0,), "somebody waits for a lock")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--at", "25:00"], "25:00"),
        (["--timezone", "Europe/Copenhague"], "Did you mean Europe/Copenhagen?"),
        ([], "SCHOOLHOUSE_SOURCE_URL is not set"),
        (["--grace", "-1"], "--grace"),
    ],
)
def test_wrong_use_is_refused_at_once(
    command_line: CliRunner, environment: Environment, arguments: list[str], told: str
) -> None:
    """Guards against a scheduler that starts well and fails at two in the morning."""
    if arguments:
        environment(SOURCE_URL=NOBODY)

    result = command_line.invoke(app, ["schedule", *arguments])

    assert result.exit_code == 2
    assert told in result.stderr
