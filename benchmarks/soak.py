"""The API for half an hour at half its highest rate, with a publish every minute: does anything grow?

    python -m benchmarks.soak [--minutes 30] [--rate N] [--events 200000]

A real PostgreSQL, one `schoolhouse serve` with one worker, and `schoolhouse publish` in a process of its own
every minute. Without --rate the highest rate is found first: requests leave when they are due, 20 s a rate,
until the limits of the benchmark no longer hold. Writes docs/soak.md.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx
import psutil

from benchmarks.__main__ import WORK, machine
from benchmarks.asking import Client, Endpoint, People, endpoints, people_of
from benchmarks.servers import SECRET, free_port, wait_until_ready
from benchmarks.service import quantile, under_load
from demo.generate import generate
from demo.server import apply_schema, create_database, drop_database, embedded_postgres

PAGE = Path("docs/soak.md")
RATES = (25, 50, 100, 150, 200, 300, 400)
SETTLE_SECONDS = 300.0
SAMPLE_SECONDS = 5.0
PUBLISH_SECONDS = 60.0
GROWTH_LIMIT = 0.10
AS_OF = datetime(2026, 11, 20, 1, 30, tzinfo=UTC)
SCHOOLHOUSE = str(Path(sys.executable).with_name("schoolhouse"))


@dataclass(frozen=True)
class Sample:
    """The server at one moment: resident MiB of all its processes, and the main process's open files."""

    second: float
    mebibytes: float
    files: int


@dataclass
class Seen:
    """What happened: milliseconds and statuses of requests, samples, publishes that ended well."""

    rate: int
    milliseconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    samples: list[Sample] = field(default_factory=list)
    publishes: int = 0

    def settled(self) -> list[Sample]:
        """Samples after the first five minutes, or after the first third of a shorter run."""
        first = min(SETTLE_SECONDS, self.samples[-1].second / 3)
        return [sample for sample in self.samples if sample.second >= first]


def main() -> None:
    """Soak, and write the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--rate", type=int, help="Requests a second; half of the highest one without.")
    parser.add_argument("--events", type=int, default=200_000)
    options = parser.parse_args()
    with embedded_postgres(WORK / "postgres") as server:
        drop_database(server, "soak")
        url = create_database(server, "soak")
        apply_schema(url)
        generate(url, learners=options.events // 200, events=options.events, days=180, seed=5, as_of=AS_OF)
        environment = os.environ | {
            "SCHOOLHOUSE_DATA_DIR": str(WORK / "soak"),
            "SCHOOLHOUSE_SOURCE_URL": url,
            "SCHOOLHOUSE_JWT_SECRET": SECRET,
        }
        run = [SCHOOLHOUSE, "nightly", "--as-of", AS_OF.isoformat()]
        subprocess.run(run, env=environment, check=True, capture_output=True)
        seen = serve_and_soak(environment, options.minutes, options.rate)
    PAGE.write_text(page(seen, options.minutes, options.events, is_given=options.rate is not None))
    sys.stdout.write(PAGE.read_text())


def serve_and_soak(environment: dict[str, str], minutes: float, rate: int | None) -> Seen:
    """Start the API and soak it."""
    port = free_port()
    command = [SCHOOLHOUSE, "serve", "--port", str(port)]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, env=environment, stdout=quiet, stderr=quiet) as server:
        try:
            address = f"http://127.0.0.1:{port}"
            wait_until_ready(f"{address}/readyz")
            people = people_of(WORK / "soak")
            return asyncio.run(soak(address, people, server.pid, environment, minutes, rate))
        finally:
            server.terminate()


async def soak(
    address: str, people: People, pid: int, environment: dict[str, str], minutes: float, rate: int | None
) -> Seen:
    """Requests at a constant rate, a publish a minute and a sample every few seconds, side by side."""
    client, wanted = Client(address, people), endpoints(people, AS_OF)
    seen = Seen(rate or await highest_rate(client, wanted, people) // 2)
    stop = time.perf_counter() + minutes * 60
    await asyncio.gather(
        ask_on(client, wanted, people, seen, stop),
        publish_on(environment, seen, stop),
        sample_on(psutil.Process(pid), seen, stop),
    )
    return seen


async def highest_rate(client: Client, wanted: Sequence[Endpoint], people: People) -> int:
    """The highest of RATES that holds the benchmark's limits, at least the lowest."""
    highest = RATES[0]
    for rate in RATES:
        if not (await under_load(client, wanted, people, rate)).holds:
            break
        highest = rate
    return highest


async def ask_on(client: Client, wanted: Sequence[Endpoint], people: People, seen: Seen, stop: float) -> None:
    """An open loop: requests leave when they are due."""
    start, number, running = time.perf_counter(), 0, set[asyncio.Task[None]]()
    while (due := start + number / seen.rate) < stop:
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        learner = people.learners[number % len(people.learners)]
        task = asyncio.create_task(ask(client, wanted[number % len(wanted)], learner, due, seen))
        running.add(task)
        task.add_done_callback(running.discard)
        number += 1
    await asyncio.gather(*running)


async def ask(client: Client, endpoint: Endpoint, learner: object, due: float, seen: Seen) -> None:
    """One request; 0 is a connection that failed."""
    try:
        status = await client.ask(endpoint, learner)  # type: ignore[arg-type]
    except httpx.TransportError:
        status = 0
    seen.statuses[status] += 1
    seen.milliseconds.append((time.perf_counter() - due) * 1000)


async def publish_on(environment: dict[str, str], seen: Seen, stop: float) -> None:
    """`schoolhouse publish` every minute."""
    while time.perf_counter() + PUBLISH_SECONDS < stop:
        await asyncio.sleep(PUBLISH_SECONDS)
        quiet = asyncio.subprocess.DEVNULL
        process = await asyncio.create_subprocess_exec(
            SCHOOLHOUSE, "publish", env=environment, stdout=quiet, stderr=quiet
        )
        seen.publishes += await process.wait() == 0


async def sample_on(server: psutil.Process, seen: Seen, stop: float) -> None:
    """Memory of the server and its children, open files of the server."""
    start = time.perf_counter()
    while time.perf_counter() < stop:
        await asyncio.sleep(SAMPLE_SECONDS)
        processes = [server, *server.children(recursive=True)]
        resident = sum(process.memory_info().rss for process in processes if process.is_running())
        seen.samples.append(Sample(time.perf_counter() - start, resident / 2**20, server.num_fds()))


def page(seen: Seen, minutes: float, events: int, *, is_given: bool) -> str:
    """docs/soak.md."""
    settled = seen.settled()
    memory, files = [one.mebibytes for one in settled], [one.files for one in settled]
    growth = memory[-1] / memory[0] - 1
    errors = sum(count for status, count in seen.statuses.items() if status != 200)
    asked = f"{seen.rate} requests a second{' (given)' if is_given else ', half of the highest that holds'}"
    rows = {
        "asked": f"{minutes:g} minutes, {asked}, {events:,} events, {seen.publishes} publishes",
        "requests": f"{sum(seen.statuses.values()):,}, statuses {dict(seen.statuses)}",
        "errors": f"{errors} (wanted: 0)",
        "latency": f"p50 {quantile(seen.milliseconds, 0.5):.0f} ms, p95 {quantile(seen.milliseconds, 0.95):.0f}"
        f" ms, p99 {quantile(seen.milliseconds, 0.99):.0f} ms, from the moment a request was due",
        "memory once settled": f"{memory[0]:.0f} MiB to {memory[-1]:.0f} MiB, {min(memory):.0f} to"
        f" {max(memory):.0f}: {growth:+.1%} (wanted: within {GROWTH_LIMIT:.0%})",
        "open files once settled": f"{files[0]} to {files[-1]}, {min(files)} to {max(files)}",
    }
    lines = [f"| {name} | {text} |" for name, text in rows.items()]
    head = f"# Soak\n\nMeasured {datetime.now(UTC):%Y-%m-%d %H:%M} UTC by `{' '.join(['python -m benchmarks.soak', *sys.argv[1:]])}` on {machine()}.\n"
    samples = "\n".join(
        f"| {one.second:.0f} | {one.mebibytes:.0f} | {one.files} |"
        for one in seen.samples[:: max(1, len(seen.samples) // 30)]
    )
    return (
        f"{head}\n| | |\n|---|---|\n"
        + "\n".join(lines)
        + "\n\n| second | MiB | open files |\n|---|---|---|\n"
        f"{samples}\n"
    )


if __name__ == "__main__":
    main()
