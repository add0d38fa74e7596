"""The API under measurement: each endpoint alone, the way the platform answers today, mixed load, cached rates.

The server is `schoolhouse serve`, a process of its own with one worker. "Uncached" runs with a cache of 0
bytes, so that every answer is worked out. Direct SQL is what `schoolhouse compare` asks the source: the same
answer from the operational tables with the contract's indexes.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

import httpx
import psycopg

from benchmarks.asking import BASE, Client, Endpoint, People, endpoints, people_of
from benchmarks.servers import free_port, process, server
from pipeline.direct import Direct, Place, quiet_source

ALONE_REQUESTS = 200
DIRECT_REQUESTS = 3
DIRECT_LIMIT_SECONDS = 30
SLOW_MS = 2000.0
LOAD_SECONDS = 20
LOAD_RATES = (100, 150, 200, 300, 400)
P95_LIMIT_MS = 50.0
P99_LIMIT_MS = 100.0
CONNECTIONS = 8
RATE_SECONDS = 5.0
UNCACHED = {"cache_bytes": "0", "small_group": "1"}

EMPTY_APP = """
import sys, uvicorn
from fastapi import FastAPI
app = FastAPI()
@app.get("/healthz")
async def empty(): return {}
uvicorn.run(app, port=int(sys.argv[1]), log_level="warning", access_log=False)
"""


@dataclass(frozen=True)
class Latency:
    """Milliseconds of one endpoint; `direct_ms` is the median of the same answer by SQL on the source."""

    name: str
    p50_ms: float
    p95_ms: float
    p99_ms: float
    direct_ms: float | None


@dataclass(frozen=True)
class Load:
    """An open loop at a constant rate: milliseconds from the moment a request was due."""

    rate: int
    p95_ms: float
    p99_ms: float
    errors: int

    @property
    def holds(self) -> bool:
        """Whether the limits of the issue are kept."""
        return self.p95_ms < P95_LIMIT_MS and self.p99_ms < P99_LIMIT_MS and not self.errors


@dataclass(frozen=True)
class Rates:
    """Requests a second of an empty FastAPI route, of a cached answer and of a 304."""

    empty: float
    cached: float
    not_modified: float


async def alone(client: Client, endpoint: Endpoint, people: People) -> list[float]:
    """Milliseconds of ALONE_REQUESTS requests, one after another, after a few to warm up."""
    times = []
    for number in range(-5, ALONE_REQUESTS):
        learner = people.learners[number % len(people.learners)]
        started = time.perf_counter()
        status = await client.ask(endpoint, learner)
        if status != 200:
            raise RuntimeError(f"{endpoint.name} answered {status}")
        if number >= 0:
            times.append((time.perf_counter() - started) * 1000)
    return times


def direct_milliseconds(source_url: str, endpoint: Endpoint, people: People, as_of: datetime) -> float | None:
    """Median milliseconds of the same answer by SQL on the source; asked once when that takes seconds.

    What takes longer than DIRECT_LIMIT_SECONDS is given up: the limit then stands for the time.
    """
    if endpoint.direct is None:
        return None
    place = Place(everybody=endpoint.platform, school_id=None if endpoint.platform else people.school_id)
    times: list[float] = []
    with quiet_source(source_url) as connection:
        connection.execute(f"SET statement_timeout = '{DIRECT_LIMIT_SECONDS}s'")
        source = Direct(connection, as_of)
        for number in range(DIRECT_REQUESTS):
            started = time.perf_counter()
            try:
                endpoint.direct(source, place, people.learners[number])
            except psycopg.errors.QueryCanceled:
                return DIRECT_LIMIT_SECONDS * 1000.0
            times.append((time.perf_counter() - started) * 1000)
            if times[-1] > SLOW_MS:
                break
    return statistics.median(times)


async def under_load(client: Client, wanted: Sequence[Endpoint], people: People, rate: int) -> Load:
    """An open loop: requests leave when they are due, whether earlier ones were answered or not."""
    start = time.perf_counter() + 0.2
    tasks = [
        asyncio.create_task(_due(client, wanted[n % len(wanted)], people.learners[n % len(people.learners)], start + n / rate))
        for n in range(rate * LOAD_SECONDS)
    ]  # fmt: skip
    answers = await asyncio.gather(*tasks)
    times = sorted(took for took, _ in answers)
    errors = sum(1 for _, status in answers if status != 200)
    return Load(rate, quantile(times, 0.95), quantile(times, 0.99), errors)


async def _due(client: Client, endpoint: Endpoint, learner: UUID, due: float) -> tuple[float, int]:
    await asyncio.sleep(max(0.0, due - time.perf_counter()))
    try:
        status = await client.ask(endpoint, learner)
    except httpx.TransportError:
        status = 0
    return (time.perf_counter() - due) * 1000, status


def quantile(times: Sequence[float], share: float) -> float:
    """The smallest time that at least this share does not exceed."""
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


async def rate_of(address: str, path: str, headers: dict[str, str], status: bytes) -> float:
    """Requests a second over CONNECTIONS connections, asked by plain sockets to keep the client cheap."""
    host, port = address.removeprefix("http://").split(":")
    lines = [f"GET {path} HTTP/1.1", "Host: bench", *(f"{name}: {value}" for name, value in headers.items())]
    request = ("\r\n".join(lines) + "\r\n\r\n").encode()
    stop = time.perf_counter() + RATE_SECONDS

    async def connection() -> int:
        reader, writer = await asyncio.open_connection(host, int(port))
        count = 0
        while time.perf_counter() < stop:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            if head[9:12] != status:
                raise RuntimeError(f"{path} answered {head[:15]!r}")
            for line in head.lower().split(b"\r\n"):
                if line.startswith(b"content-length:"):
                    await reader.readexactly(int(line.split(b":")[1]))
            count += 1
        writer.close()
        return count

    return sum(await asyncio.gather(*(connection() for _ in range(CONNECTIONS)))) / RATE_SECONDS


async def rates(address: str, people: People, endpoint: Endpoint) -> Rates:
    """Cached answers and 304s beside an empty FastAPI route, in one run."""
    client = Client(address, people)
    headers = client.headers(endpoint, people.learners[0])
    # As the plain sockets below ask: the ETag of a compressed answer is another one.
    first = await client.http.get(BASE + endpoint.path, headers={**headers, "Accept-Encoding": "identity"})
    port = free_port()
    with process([sys.executable, "-c", EMPTY_APP, str(port)], port, "/healthz") as empty:
        bare = await rate_of(empty.address, "/healthz", {}, b"200")
        cached = await rate_of(address, BASE + endpoint.path, headers, b"200")
        known = {**headers, "If-None-Match": first.headers["ETag"]}
        not_modified = await rate_of(address, BASE + endpoint.path, known, b"304")
    return Rates(bare, cached, not_modified)


def measure(data_dir: Path, source_url: str, as_of: datetime) -> tuple[list[Latency], list[Load], Rates]:
    """Everything about the API on one published data directory."""
    people = people_of(data_dir)
    wanted = endpoints(people, as_of)
    with server(data_dir, source_url, None, **UNCACHED) as running:
        times = asyncio.run(_all_alone(running.address, people, wanted))
        loads = asyncio.run(_loads(running.address, people, wanted))
    with server(data_dir, source_url) as running:
        found = asyncio.run(rates(running.address, people, wanted[0]))
    latencies = [
        latency(endpoint, ms, direct_milliseconds(source_url, endpoint, people, as_of))
        for endpoint, ms in zip(wanted, times, strict=True)
    ]
    return latencies, loads, found


def latency(endpoint: Endpoint, times: Sequence[float], direct_ms: float | None = None) -> Latency:
    """What the milliseconds of an endpoint's requests come to."""
    return Latency(
        endpoint.name, quantile(times, 0.5), quantile(times, 0.95), quantile(times, 0.99), direct_ms
    )


async def _all_alone(address: str, people: People, wanted: Sequence[Endpoint]) -> list[list[float]]:
    client = Client(address, people)
    return [await alone(client, endpoint, people) for endpoint in wanted]


async def _loads(address: str, people: People, wanted: Sequence[Endpoint]) -> list[Load]:
    """Rates upwards until one does not hold."""
    client = Client(address, people)
    loads: list[Load] = []
    for rate in LOAD_RATES:
        loads.append(await under_load(client, wanted, people, rate))
        if not loads[-1].holds:
            break
    return loads
