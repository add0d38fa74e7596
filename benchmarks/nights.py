"""A first build and the nights after it, at several sizes of history, each run a whole process.

The night's work is the same at every size (`NEW_EVENTS` new events and what changes around them), so the
ratio between sizes says what history costs. The sizes take turns night by night, so that an hour in which
the machine is slow is one for all of them. Time is wall clock of `schoolhouse nightly` from start to exit;
memory is the peak resident set of that process. Nobody leaves in these nights; one
more night erases one learner, the one with the most events, on a completed request.
"""

from __future__ import annotations

import json
import shutil
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg

from benchmarks import processes
from demo.day import append_day
from demo.generate import generate
from demo.server import DemoError, apply_schema, create_database, database_url, drop_database

EVENTS_PER_LEARNER = 200
DAYS = 365
NEW_EVENTS = 10_000
NIGHTS = 5
SEED = 20261122
ERASURE_REQUEST = """
INSERT INTO data_subject_requests (user_id, kind, status, received_at, completed_at, updated_at)
SELECT user_id, 'erasure', 'completed', %(at)s, %(at)s, %(at)s
FROM analytics JOIN users ON users.id = analytics.user_id AND users.role = 'STUDENT'
GROUP BY user_id ORDER BY count(*) DESC, user_id LIMIT 1
"""


@dataclass(frozen=True)
class Run:
    """One `schoolhouse nightly`: wall seconds, peaks of its memory (processes.Ended), the run history's record."""

    seconds: float
    peak_mb: float
    record: dict[str, Any]
    mapped_mb: float = 0.0

    def step(self, name: str) -> float:
        """Seconds of one step of the run."""
        return float(next(step["seconds"] for step in self.record["steps"] if step["name"] == name))


@dataclass(frozen=True)
class Size:
    """What was measured at one size of history, in events."""

    events: int
    generate_seconds: float
    first: Run
    nights: tuple[Run, ...]
    erasure: Run

    @property
    def night_seconds(self) -> float:
        """Median wall seconds of the nights."""
        return statistics.median(night.seconds for night in self.nights)


def measure_sizes(server: str, sizes: Sequence[int], data_dirs: Sequence[Path]) -> list[Size]:
    """First runs on new databases and empty data directories, then NIGHTS nights of each size in turn."""
    as_of = start()
    platforms = [
        _first(server, events, folder, as_of) for events, folder in zip(sizes, data_dirs, strict=True)
    ]
    # The first night after a build still writes caches; it is the nights after it that repeat.
    rounds = [
        [one_night(one.url, one.data_dir, SEED + number) for one in platforms] for number in range(NIGHTS + 1)
    ]
    erasures = [one_night(one.url, one.data_dir, SEED + NIGHTS + 1, erases=True) for one in platforms]
    return [
        Size(one.events, one.generate_seconds, one.first, nights, erasure)
        for one, nights, erasure in zip(platforms, zip(*rounds[1:], strict=True), erasures, strict=True)
    ]


@dataclass(frozen=True)
class _Platform:
    """A generated platform of `events` events, its data directory, and the first run into it."""

    events: int
    url: str
    data_dir: Path
    generate_seconds: float
    first: Run


def _first(server: str, events: int, data_dir: Path, as_of: datetime) -> _Platform:
    shutil.rmtree(data_dir, ignore_errors=True)
    started = time.perf_counter()
    url = source(server, events, as_of)
    generate_seconds = time.perf_counter() - started
    return _Platform(events, url, data_dir, generate_seconds, nightly(url, data_dir, as_of))


def start() -> datetime:
    """The moment that generated platforms stand at: some days ago, so that the nights to play lie in the past."""
    return datetime.now(UTC) - timedelta(days=NIGHTS + 3)


def source(server: str, events: int, as_of: datetime) -> str:
    """A new database with a generated platform of `events` events; gives its URL."""
    name = f"bench_{events}"
    try:
        drop_database(server, name)
    except DemoError:
        print(f"{name} is made for the first time")
    create_database(server, name)
    url = database_url(server, name)
    apply_schema(url)
    generate(url, learners=events // EVENTS_PER_LEARNER, events=events, days=DAYS, seed=SEED, as_of=as_of)
    return url


def one_night(url: str, data_dir: Path, seed: int, *, erases: bool = False) -> Run:
    """Append one day to the source and run the night at its end; with `erases` it erases one learner."""
    day = append_day(url, seed=seed, events=NEW_EVENTS, departures=False)
    if erases:
        with psycopg.connect(url) as connection:
            connection.execute(ERASURE_REQUEST, {"at": day.as_of - timedelta(hours=1)})
    return nightly(url, data_dir, day.as_of)


def nightly(url: str, data_dir: Path, as_of: datetime, memory_mb: int | None = None, **settings: str) -> Run:
    """Run `schoolhouse nightly` as its own process and return what it took; raises processes.CommandError."""
    command = [str(Path(sys.executable).with_name("schoolhouse")), "nightly", "--as-of", as_of.isoformat()]
    given = {"source_url": url, "data_dir": str(data_dir)} | settings
    names = {f"SCHOOLHOUSE_{name.upper()}": value for name, value in given.items()}
    done = processes.run(command, names, memory_mb=memory_mb)
    return Run(done.seconds, done.peak_mb, newest_record(data_dir), done.mapped_mb)


def newest_record(data_dir: Path) -> dict[str, Any]:
    """Return the newest run's record from the run history."""
    newest = max((data_dir / "runs").glob("*.json"), key=lambda path: path.stat().st_mtime_ns)
    record: dict[str, Any] = json.loads(newest.read_text())
    return record
