"""One size of history: a platform, a first run, nights, and the API on what they published.

A run that has more than NIGHT_MB resident is killed; of the API an allocation beyond API_MB fails. Either is kept as
a failure. Platforms and days are made by processes of their own, whose memory is theirs.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import psycopg

from benchmarks import nights, processes, service
from benchmarks.large.months import unchanged_months
from benchmarks.large.result import Failure, Result, failure_of, save
from benchmarks.servers import Server
from demo.day import append_day
from demo.server import database_url, drop_database
from pipeline.snapshots import snapshot_ids

NIGHTS = 3  # the first of them is not counted
NIGHT_MB, API_MB = 8 * 1024, 2 * 1024
# Below the limits: Arrow, Python and what DuckDB does not count need room as well.
NIGHT_SETTINGS = {"memory_limit": "6GB", "threads": "2", "keep_snapshots": "2"}
API_SETTINGS = {"api_memory_limit": "1GB", "sql_memory_limit": "512MB"}


@dataclass(frozen=True)
class Size:
    """The measuring of one size on a server; `folder` is that of all results, the first of `nights` is not counted."""

    server: str
    folder: Path
    nights: int = NIGHTS

    def measure(self, result: Result) -> None:
        """Everything that `result` does not know yet; a failure ends its part. Lets go of the disk at last."""
        tell(result, "begins" if result.as_of is None else "goes on")
        for part in (self.generate, self.first_run, self.all_nights, self.api):
            result = save(self.folder, part(result))
        drop_database(self.server, f"bench_{result.events}")
        shutil.rmtree(self.data_dir(result), ignore_errors=True)
        save(self.folder, replace(result, is_done=True))
        tell(result, "done")

    def generate(self, result: Result) -> Result:
        """A platform in a new database."""
        if result.as_of or result.failures:
            return result
        as_of, started = nights.start(), time.perf_counter()
        try:
            url = processes.apart(nights.source, self.server, result.events, as_of)
            size = database_bytes(url)
        except Exception as error:
            return failed(result, failure_of("generating", "", error))
        seconds = time.perf_counter() - started
        tell(result, f"generated in {seconds:.0f} s, {size / 2**30:.1f} GiB")
        return replace(result, as_of=as_of, generate_seconds=seconds, database_bytes=size)

    def first_run(self, result: Result) -> Result:
        """The first `schoolhouse nightly`, on an empty data directory."""
        if result.first or result.failures or result.as_of is None:
            return result
        shutil.rmtree(self.data_dir(result), ignore_errors=True)
        try:
            first = self.nightly(result, result.as_of)
        except Exception as error:
            return failed(result, failure_of("first run", self.failed_step(result), error))
        tell(result, f"first run {told(first)}")
        return replace(result, first=first)

    def all_nights(self, result: Result) -> Result:
        """The nights, each after a day of new events."""
        while result.first and len(result.nights) < self.nights and not result.failures:
            number = len(result.nights)
            try:
                night = self.nightly(result, self.day(result, nights.SEED + number))
            except Exception as error:
                return failed(result, failure_of(f"night {number}", self.failed_step(result), error))
            tell(result, f"night {number} {told(night)}")
            result = save(self.folder, self.with_night(result, night))
        return result

    def day(self, result: Result, seed: int) -> datetime:
        """Play a day; gives its end."""
        url, events = self.url(result), result.new_events
        return processes.apart(append_day, url, seed=seed, events=events, departures=False).as_of

    def nightly(self, result: Result, as_of: datetime) -> nights.Run:
        """One `schoolhouse nightly` within its limits."""
        return nights.nightly(self.url(result), self.data_dir(result), as_of, NIGHT_MB, **NIGHT_SETTINGS)

    def with_night(self, result: Result, night: nights.Run) -> Result:
        """With a night, and what it left: bytes, and months of facts that a counted night did not touch."""
        snapshots = self.data_dir(result) / "snapshots"
        newest = [snapshots / name for name in snapshot_ids(snapshots)[-2:]]
        is_compared = result.nights and len(newest) == 2
        unchanged = unchanged_months(*(one / "marts.duckdb" for one in newest)) if is_compared else ()
        return replace(
            result,
            nights=(*result.nights, night),
            unchanged=(*result.unchanged, *unchanged),
            warehouse_bytes=(self.data_dir(result) / "warehouse.duckdb").stat().st_size,
            snapshot_bytes=sum(file.stat().st_size for file in newest[-1].iterdir()),
        )

    def api(self, result: Result) -> Result:
        """Each endpoint alone on what was published."""
        if not result.first or result.latencies:
            return result
        settings = API_SETTINGS | service.UNCACHED
        try:
            with service.server(self.data_dir(result), self.url(result), API_MB, **settings) as running:
                result = asyncio.run(with_latencies(result, running, self.data_dir(result)))
        except Exception as error:
            return failed(result, failure_of("API", "start or end", error))
        tell(result, f"API at most {result.api_peak_mb:.0f} MB of {result.api_mapped_mb:.0f} mapped")
        return result

    def url(self, result: Result) -> str:
        """The platform's database."""
        return database_url(self.server, f"bench_{result.events}")

    def data_dir(self, result: Result) -> Path:
        """The data directory of the runs."""
        return self.folder / f"data-{result.events}"

    def failed_step(self, result: Result) -> str:
        """The step that the newest run did not bring to its end."""
        try:
            record = nights.newest_record(self.data_dir(result))
        except ValueError:  # it did not come so far as to write one
            return "start"
        steps = [step["name"] for step in record["steps"] if step["state"] != "done"]
        return next(iter(steps), "start")


async def with_latencies(result: Result, running: Server, data_dir: Path) -> Result:
    """With the milliseconds of every endpoint; one that fails is kept as a failure, and the next is asked."""
    people = service.people_of(data_dir)
    newest = (result.first, *result.nights)[-1]
    assert newest is not None  # noqa: S101
    client = service.Client(running.address, people)
    for endpoint in service.endpoints(people, datetime.fromisoformat(newest.record["as_of"])):
        try:
            times = await service.alone(client, endpoint, people)
        except (RuntimeError, httpx.HTTPError) as error:
            result = failed(result, failure_of("API", endpoint.name, error))
        else:
            result = replace(result, latencies=(*result.latencies, service.latency(endpoint, times)))
    peak, mapped = processes.peak_mb(running.pid), processes.mapped_mb(running.pid)
    return replace(result, api_peak_mb=peak, api_mapped_mb=mapped)


def failed(result: Result, failure: Failure) -> Result:
    """With one more failure."""
    tell(result, f"{failure.run} FAILED ({failure.step}): {failure.error}")
    return replace(result, failures=(*result.failures, failure))


def tell(result: Result, text: str) -> None:
    """A line of progress, with the time and the disk that is left."""
    free = shutil.disk_usage(Path.cwd()).free / 2**30
    line = f"{datetime.now(UTC):%H:%M:%S} {result.events:,} events: {text} ({free:.0f} GiB free)"
    print(line, file=sys.stderr, flush=True)


def told(run: nights.Run) -> str:
    """A run in a few words."""
    steps = ", ".join(f"{step['name']} {step['seconds']:.0f}" for step in run.record["steps"])
    return f"{run.seconds:.0f} s ({steps}), {run.peak_mb:.0f} MB of {run.mapped_mb:.0f} mapped"


def database_bytes(url: str) -> int:
    """Bytes of a database with its indexes."""
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT pg_database_size(current_database())").fetchone()
    return int(row[0]) if row else 0
