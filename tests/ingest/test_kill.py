"""A run killed at any moment: the next one ends where an undisturbed one would."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ingest.errors import SourceError
from ingest.progress import Silent
from ingest.specs import TABLES
from tests.ingest.conftest import School, contents, ingest_from
from tests.tracing import unmeasured
from tests.waiting import wait_until

Scratch = Callable[[], dict[str, list[tuple[Any, ...]]]]
KILLED = """
import os, signal, sys, duckdb
from ingest import ingest, inquire
class Kill:
    left = int(sys.argv[3])
    def _count(self):
        self.left -= 1
        if self.left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
    def advance(self, step, done, total=None): self._count()
    def finish(self, step, detail): self._count()
with inquire(sys.argv[2]) as inquiry:
    ingest(duckdb.connect(sys.argv[1]), inquiry, report=Kill())
"""


def _killed(path: Path, url: str, moment: int) -> None:
    command = [sys.executable, "-c", KILLED, path, url, str(moment)]
    done = subprocess.run(command, env=unmeasured(os.environ), check=False)
    assert done.returncode == -signal.SIGKILL


@pytest.mark.parametrize(
    "moment", [pytest.param(1, marks=pytest.mark.slow), 8, pytest.param(16, marks=pytest.mark.slow)]
)
def test_killed_in_the_first_and_in_a_later_night(
    school: School, scratch: Scratch, tmp_path: Path, moment: int
) -> None:
    """Rows without their watermark, or dates touched but not pending, would stay wrong for good."""
    path = tmp_path / "warehouse.duckdb"
    place = school.school("Europe/London")
    users = [school.user(place) for _ in range(3)]
    lesson = school.lesson()
    for day, user in enumerate(users, start=1):
        school.event(user, f"2026-03-0{day}T23:30:00+00:00", lesson)
        school.progress(user, lesson, f"2026-03-0{day}T23:30:00+00:00")
    _killed(path, school.url, moment)
    with closing(duckdb.connect(str(path))) as warehouse:
        ingest_from(school.url, warehouse)
        assert _contents(warehouse) == scratch()
        assert _pending(warehouse) == ["2026-03-01", "2026-03-02", "2026-03-03"]
        warehouse.execute("DELETE FROM raw.pending_dates")

    school.run("UPDATE schools SET timezone = 'Pacific/Auckland'")
    school.run("DELETE FROM analytics WHERE created_at::date = '2026-03-02'")
    school.event(users[0], "2026-01-01T10:00:00+00:00")
    school.run("DELETE FROM users WHERE id = %s", users[2])
    _killed(path, school.url, moment)
    with closing(duckdb.connect(str(path))) as warehouse:
        report = ingest_from(school.url, warehouse)
        assert _contents(warehouse) == scratch()
        assert _pending(warehouse) == ["2026-01-01", "2026-03-01", "2026-03-02", "2026-03-03", "2026-03-04"]
        people = warehouse.execute("SELECT user_key FROM raw.pending_people ORDER BY 1").fetchall()
        assert people == [(1,), (2,), (3,)]
        batches = warehouse.execute("SELECT batch_id, is_complete FROM raw.batches ORDER BY 1").fetchall()
        assert batches == [(1, False), (2, True), (3, False), (4, True)]
        assert report.batch_id == 4


def _contents(warehouse: duckdb.DuckDBPyConnection) -> dict[str, list[tuple[Any, ...]]]:
    return {spec.name: contents(warehouse, spec.name) for spec in TABLES}


def _pending(warehouse: duckdb.DuckDBPyConnection) -> list[str]:
    rows = warehouse.execute("SELECT local_date FROM raw.pending_dates ORDER BY 1").fetchall()
    return [str(row[0]) for row in rows]


def test_a_source_that_goes_away_in_the_middle(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader thread that dies must stop the run, not leave it waiting for ever."""
    user = school.user()
    school.run(
        "INSERT INTO analytics (user_id, event_type, created_at) "
        "SELECT %s, 'login', timestamptz '2026-01-01' FROM generate_series(1, 100000)",
        user,
    )
    monkeypatch.setattr("ingest.read.PARALLEL_PAGES", 7)
    monkeypatch.setattr("ingest.packed.PAGES", 8)
    monkeypatch.setattr("ingest.source.BATCH_BYTES", 10_000)

    class Cut(Silent):
        def advance(self, step: str, done: int, total: int | None = None) -> None:
            super().advance(step, done, total)
            if step == "analytics":
                school.run(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE application_name = 'schoolhouse-ingest' AND datname = current_database()"
                )

    with pytest.raises(SourceError):
        school.ingest(report=Cut())
    assert school.value("SELECT count(*) FROM raw.analytics") == 0
    assert school.ingest().table("analytics").rows_inserted == 100_000


def test_an_error_of_the_writer_ends_the_readers(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    school.run(
        "INSERT INTO analytics (user_id, event_type, created_at) "
        "SELECT gen_random_uuid(), 'login', timestamptz '2026-01-01' FROM generate_series(1, 20000)"
    )
    monkeypatch.setattr("ingest.read.PARALLEL_PAGES", 7)

    class Stop(Silent):
        def advance(self, step: str, done: int, total: int | None = None) -> None:
            super().advance(step, done, total)
            if step == "analytics":
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        school.ingest(report=Stop())
    # PostgreSQL notices a moment later that nobody reads.
    wait_until(lambda: not _active_readers(school), "the readers have left")


def _active_readers(school: School) -> Any:
    return school.run(
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE application_name = 'schoolhouse-ingest' AND datname = current_database() AND state = 'active'"
    )
