"""The API under measurement: each endpoint alone, the way the platform answers today, mixed load, cached rates.

The server is `schoolhouse serve`, a process of its own with one worker. "Uncached" runs with a cache of 0
bytes, so that every answer is worked out. Direct SQL is what `schoolhouse compare` asks the source: the same
answer from the operational tables with the contract's indexes.
"""

from __future__ import annotations

import asyncio
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import duckdb
import httpx
import psycopg

from api.tokens import Role, TokenClaims, sign_token
from benchmarks.processes import limited
from pipeline.direct import Direct, Place, Window, quiet_source

SECRET = "the secret of a benchmark, 32 characters and more"  # noqa: S105
BASE = "/api/v1"
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
class People:
    """Whom the requests are about: the largest school, with a class, an administrator and learners."""

    school_id: UUID
    class_id: UUID
    admin_id: UUID
    learners: tuple[UUID, ...]


@dataclass(frozen=True)
class Endpoint:
    """One endpoint: who asks, for what, and how the source answers the same question, where it can."""

    name: str
    role: Role
    path: str
    direct: Callable[[Direct, Place, UUID], object] | None = None
    platform: bool = False


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


def endpoints(people: People, today: datetime) -> list[Endpoint]:
    """Every endpoint of the contract that a dashboard reads."""
    year_ago = (today - timedelta(days=364)).date()
    window = Window(year_ago, today.date())
    year = f"start_date={window.first_date}&end_date={window.last_date}"
    admin, student, learner = Role.ADMIN, Role.STUDENT, people.learners[0]
    return [
        Endpoint("overview", admin, "/analytics/overview", lambda d, p, _: d.overview(p)),
        Endpoint("overview, platform", admin, "/analytics/overview", lambda d, p, _: d.overview(p), True),
        Endpoint("trends/engagement", admin, "/analytics/trends/engagement?days=365", lambda d, p, _: d.engagement(p, 365)),
        Endpoint("trends/engagement, platform", admin, "/analytics/trends/engagement?days=365", lambda d, p, _: d.engagement(p, 365), True),
        Endpoint("trends/content", admin, "/analytics/trends/content?days=365", lambda d, p, _: d.content(p, 365)),
        Endpoint("trends/content, platform", admin, "/analytics/trends/content?days=365", lambda d, p, _: d.content(p, 365), True),
        Endpoint("dashboard", admin, "/analytics/dashboard?time_range=month", lambda d, p, _: d.dashboard(p, "month")),
        Endpoint("dashboard, platform", admin, "/analytics/dashboard?time_range=month", lambda d, p, _: d.dashboard(p, "month"), True),
        Endpoint("summary, a year", admin, f"/analytics/summary?{year}", lambda d, p, _: d.summary(p, window, None)),
        Endpoint("summary, a year, platform", admin, f"/analytics/summary?{year}", lambda d, p, _: d.summary(p, window, None), True),
        Endpoint("summary, a class", admin, f"/analytics/summary?class_id={people.class_id}", lambda d, p, _: d.summary(p, Window.ending(d.today(p), 30), people.class_id)),
        Endpoint("leaderboard", student, "/gamification/leaderboard?timeframe=week", lambda d, p, _: d.board(p, "week")),
        Endpoint("leaderboard, around me", student, "/gamification/leaderboard?timeframe=all&around=me", lambda d, p, _: d.board(p, "all")),
        Endpoint("leaderboard, platform", admin, "/gamification/leaderboard?timeframe=month&scope=global&limit=100", lambda d, p, _: d.board(p, "month"), True),
        Endpoint("student-progress", student, "/analytics/student-progress", lambda d, p, u: d.student_progress(p, u)),
        Endpoint("weekly_xp", student, "/analytics/weekly_xp", lambda d, p, u: d.weekly_xp(p, u)),
        Endpoint("subject_mastery", student, "/analytics/subject_mastery", lambda d, p, u: d.subject_mastery(p, u)),
        Endpoint("users", admin, "/users/?limit=20"),
        Endpoint("users, one", admin, f"/users/{learner}", lambda d, p, u: d.user(p, u)),
        Endpoint("realtime", admin, "/analytics/realtime"),
        Endpoint("compliance/status", admin, "/compliance/status", platform=True),
        Endpoint("schools", admin, "/schools/", platform=True),
        Endpoint("marts", admin, "/marts"),
        Endpoint("marts, rows", admin, "/marts/engagement_daily?order=activity_date&limit=100"),
        Endpoint("builds", admin, "/builds"),
    ]  # fmt: skip


class Client:
    """Asks one server as anybody; tokens are made once."""

    def __init__(self, address: str, people: People) -> None:
        self._address = address
        self._people = people
        self._tokens: dict[tuple[Role, bool, UUID], str] = {}
        self.http = httpx.AsyncClient(base_url=address, timeout=60, limits=httpx.Limits(max_connections=200))

    def headers(self, endpoint: Endpoint, learner: UUID) -> dict[str, str]:
        """Authorization of whoever asks for the endpoint."""
        who = learner if endpoint.role is Role.STUDENT else self._people.admin_id
        key = (endpoint.role, endpoint.platform, who)
        if key not in self._tokens:
            school = None if endpoint.platform else self._people.school_id
            claims = TokenClaims(who, endpoint.role, datetime.now(UTC) + timedelta(hours=5), school)
            self._tokens[key] = sign_token(SECRET, claims)
        return {"Authorization": f"Bearer {self._tokens[key]}"}

    async def ask(self, endpoint: Endpoint, learner: UUID) -> int:
        """Ask once; gives the status."""
        answer = await self.http.get(BASE + endpoint.path, headers=self.headers(endpoint, learner))
        return answer.status_code


@dataclass(frozen=True)
class Server:
    """A server that answers at `address`."""

    address: str
    pid: int


@contextmanager
def server(
    data_dir: Path, source_url: str, memory_mb: int | None = None, **settings: str
) -> Iterator[Server]:
    """`schoolhouse serve` with one worker and no more memory than that, once it is ready."""
    port = free_port()
    environment = os.environ | {
        "SCHOOLHOUSE_DATA_DIR": str(data_dir),
        "SCHOOLHOUSE_SOURCE_URL": source_url,
        "SCHOOLHOUSE_JWT_SECRET": SECRET,
        **{f"SCHOOLHOUSE_{name.upper()}": value for name, value in settings.items()},
    }
    command = [str(Path(sys.executable).with_name("schoolhouse")), "serve", "--host", "127.0.0.1", "--port", str(port)]  # fmt: skip
    with process(limited(command, memory_mb), port, "/readyz", environment) as running:
        yield running


@contextmanager
def process(
    command: Sequence[str], port: int, path: str, environment: dict[str, str] | None = None
) -> Iterator[Server]:
    """A server process on a port of this machine, ended afterwards."""
    address = f"http://127.0.0.1:{port}"
    running = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until_ready(address + path)
        yield Server(address, running.pid)
    finally:
        running.terminate()
        running.wait(30)


def free_port() -> int:
    """A port of the loopback address that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_ready(address: str) -> None:
    """Raises TimeoutError when the server does not answer 200 within two minutes."""
    for _ in range(1200):
        try:
            if httpx.get(address).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise TimeoutError(address)


def people_of(data_dir: Path) -> People:
    """Whom to ask about, from the snapshot: the largest school and its largest class."""
    folder = data_dir / "snapshots" / "current"
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{folder / 'marts.duckdb'}' AS marts (READ_ONLY)")
        connection.execute(f"ATTACH '{folder / 'identity.duckdb'}' AS identity (READ_ONLY)")
        school_key, school_id = connection.execute(
            "SELECT school_key, school_id FROM marts.dim_school JOIN marts.school_overview USING (school_key) "
            "WHERE school_id IS NOT NULL ORDER BY students_total DESC LIMIT 1"
        ).fetchall()[0]
        (class_id,) = connection.execute(
            "SELECT class_id FROM marts.dim_class WHERE school_key = ? ORDER BY enrolled_count DESC LIMIT 1",
            [school_key],
        ).fetchall()[0]
        learners = connection.execute(
            "SELECT user_id FROM identity.users WHERE school_key = ? AND role = 'STUDENT' AND is_active "
            "ORDER BY user_key LIMIT 200",
            [school_key],
        ).fetchall()
    return People(UUID(school_id), UUID(class_id), uuid4(), tuple(row[0] for row in learners))


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
