"""Clients that are slow, silent, endless or malformed, against a real server: nobody else notices."""

from __future__ import annotations

import random
import shutil
import socket
import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx
import pytest

from api import patience
from tests.api.serving import BASE, bearer, client_of, settings_for
from tests.conftest import School
from tests.faults.record import IS_FULL

REQUESTS = 10_000 if IS_FULL else 1_000
CROWD = 200
ADMIN = bearer("admin")
HEAD = b"GET /api/v1/builds HTTP/1.1\r\nHost: x\r\n"


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Patience ends after a second."""
    monkeypatch.setattr(patience, "REQUEST_SECONDS", 1.0)
    monkeypatch.setattr(patience, "READER_SECONDS", 1.0)


@pytest.fixture(scope="module")
def data(school: School, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The published school, to be asked: asking writes the log of disclosures."""
    folder = tmp_path_factory.mktemp("clients") / "data"
    return Path(shutil.copytree(school.settings.data_dir, folder, symlinks=True))


@pytest.fixture
def server(data: Path) -> Iterator[httpx.Client]:
    """A server of its own."""
    with client_of(settings_for(data)) as client:
        yield client


@contextmanager
def line_to(client: httpx.Client, receive_buffer: int | None = None) -> Iterator[socket.socket]:
    """A bare connection to the server."""
    with socket.socket() as line:
        if receive_buffer:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        line.settimeout(20)
        line.connect((client.base_url.host, client.base_url.port))
        yield line


def assert_hung_up(line: socket.socket) -> None:
    """The server has ended the connection without an answer."""
    try:
        assert line.recv(1) == b""
    except ConnectionResetError:
        return


def sent_until_cut(line: socket.socket, data: bytes, *, at_most: int, pause: float = 0.0) -> int:
    """How many times the data could be sent before the server hung up."""
    for number in range(at_most):
        try:
            line.sendall(data)
        except OSError:
            return number
        time.sleep(pause)
    return at_most


def received(line: socket.socket) -> bytes:
    """Everything that comes until the server hangs up."""
    parts = []
    with suppress(ConnectionResetError):
        while data := line.recv(1_000_000):
            parts.append(data)
    return b"".join(parts)


def assert_serves(client: httpx.Client) -> None:
    """Others are answered, and soon."""
    started = time.monotonic()
    assert client.get(f"{BASE}/analytics/overview", headers=ADMIN).status_code == 200
    assert time.monotonic() - started < 5


@pytest.mark.fault(
    f"{CROWD} half-open connections that send nothing, and {CROWD} that stop in the middle of a head",
    "others are answered meanwhile; each is hung up on after 30 s (1 s in the test)",
)
def test_half_open_connections(hasty: None, server: httpx.Client) -> None:
    """Idle connections that pile up until no file handle is left."""
    with ExitStack() as stack:
        silent = [stack.enter_context(line_to(server)) for _ in range(CROWD)]
        halted = [stack.enter_context(line_to(server)) for _ in range(CROWD)]
        for line in halted:
            line.sendall(HEAD)
        assert_serves(server)
        for line in (*silent, *halted):
            assert_hung_up(line)
    assert_serves(server)


@pytest.mark.fault(
    "a head that trickles in byte by byte, and a body that never ends (slowloris)",
    "hung up on after 30 s (1 s in the test), whatever trickles; no snapshot stays held",
)
@pytest.mark.parametrize(
    "begin",
    [
        pytest.param(HEAD + b"X-Slow: ", id="head"),
        pytest.param(
            b"POST /api/v1/sql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: "
            + ADMIN["Authorization"].encode()
            + b"\r\nContent-Length: 100000\r\n\r\n{",
            id="body",
        ),
    ],
)
def test_a_request_that_trickles(hasty: None, server: httpx.Client, begin: bytes) -> None:
    """A timer that every byte winds up again."""
    with line_to(server) as line:
        line.sendall(begin)
        assert sent_until_cut(line, b"x", at_most=200, pause=0.1) < 100
    assert_serves(server)


@pytest.mark.fault(
    "a client that asks for megabytes and reads nothing",
    "hung up on after 60 s (1 s in the test); others are answered meanwhile",
)
def test_a_client_that_does_not_read(hasty: None, server: httpx.Client) -> None:
    """An answer that is kept in memory, and its snapshot open, for a client that has gone home."""
    body = b'{"query": "SELECT repeat(\'x\', 100000) FROM range(150)"}'
    head = (
        f"POST {BASE}/sql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Authorization: {ADMIN['Authorization']}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with line_to(server, receive_buffer=4096) as line:
        line.sendall(head.encode() + body)
        time.sleep(4)
        assert_serves(server)
        assert 0 < len(received(line)) < 15_000_000


@pytest.mark.fault("a head of 50 MB", "431 or hung up on after 64 KiB; memory as before; others are answered")
def test_a_huge_head(server: httpx.Client) -> None:
    """A parser that collects a header for as long as it comes."""
    with line_to(server) as line:
        line.sendall(HEAD + b"X-Huge: ")
        assert sent_until_cut(line, b"x" * 100_000, at_most=500) < 100
    assert_serves(server)


@pytest.mark.fault(
    "a body of 100 MB, by length or in chunks, with and without a token",
    "413 (401 without a token) after 200 kB; others are answered",
)
@pytest.mark.parametrize("is_chunked", [True, False])
@pytest.mark.parametrize("headers", [ADMIN, {}])
def test_a_huge_body(server: httpx.Client, is_chunked: bool, headers: dict[str, str]) -> None:
    """A body that is read to its end before anybody looks at its size."""
    sent = 0

    def body() -> Iterator[bytes]:
        nonlocal sent
        for _ in range(1000):
            sent += 100_000
            yield b"x" * 100_000

    length = {} if is_chunked else {"Content-Length": "100000000"}
    kind = {"Content-Type": "application/json"}
    try:
        answer = server.post(f"{BASE}/sql", content=body(), headers=headers | length | kind)
        assert answer.status_code == (413 if headers else 401)
    except httpx.TransportError:
        assert sent < 100_000_000
    assert_serves(server)


MALFORMED = (
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 200,  # TLS
    b"GET / HTTP/9.9\r\n\r\n",
    b"GET\r\n\r\n",
    b"\r\n" * 100 + b"\0" * 100,
    HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /metrics HTTP/1.1\r\n\r\n",
    HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
    HEAD + b"Content-Length: -1\r\n\r\n",
    HEAD + b"Content-Length: 99999999999999999999999\r\n\r\n",
    HEAD + b"Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFFF\r\n",
    HEAD + b"X: a\r\n b\r\n\0: c\r\n\r\n",
    b"GET /api/v1/%00%ff%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET //api/v1//builds?%ff=%00 HTTP/1.1\r\nHost: x\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"CONNECT evil.example:443 HTTP/1.1\r\nHost: x\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET http://169.254.169.254/latest HTTP/1.1\r\nHost: x\r\n\r\n",
)


@pytest.mark.parametrize("number", range(len(MALFORMED)))
@pytest.mark.fault(
    "a request that is no HTTP, or two in one (smuggling)", "400, 404 or hung up on; never 500"
)
def test_malformed_requests(hasty: None, server: httpx.Client, number: int) -> None:
    """Bytes that one part reads in one way and the next in another."""
    with line_to(server) as line:
        line.sendall(MALFORMED[number])
        answer = received(line)
    statuses = [part[:3] for part in answer.split(b"HTTP/1.1 ")[1:]]
    assert not [status for status in statuses if status[:1] == b"5"], answer
    assert b"schoolhouse_requests_total" not in answer
    assert_serves(server)


ODD: tuple[str, ...] = (
    "",
    "0",
    "-1",
    "1e9",
    "99999999999999999999",
    "NaN",
    "null",
    "true",
    "2026-02-30",
    "9999-12-31",
    "0001-01-01",
    "' OR 1=1 --",
    "<script>",
    "../../etc/passwd",
    "%00",
    "\u202e",
    "🎓",
    "x" * 3000,
    "[]",
    "{}",
    "a,b",
    "eq.1",
    "like.%",
    "in.(1,2)",
    "gt.",
    "*",
    "11111111-1111-1111-1111-111111111111",
)


@pytest.mark.fault(
    f"{10_000:,} requests made of odd values, as every role (1,000 in the short form)",
    "never 500, always the one shape of an error",
)
@pytest.mark.timeout(900)
def test_odd_requests(server: httpx.Client) -> None:
    """A value that nobody thought of and that the database stumbles over."""
    chance = random.Random(7)  # noqa: S311
    operations = [
        (method, path, found)
        for path, methods in server.get("/openapi.json").json()["paths"].items()
        for method, found in methods.items()
        if path.startswith(BASE)
    ]
    assert len(operations) > 20
    callers = [
        {},
        *(
            bearer(role, school)
            for role in ("admin", "teacher", "student", "analyst")
            for school in (None, uuid4())
        ),
    ]
    for _ in range(REQUESTS):
        method, path, found = chance.choice(operations)
        answer = server.request(method, **odd(chance, path, found), headers=chance.choice(callers))
        assert answer.status_code < 500 or answer.status_code == 503, (method, answer.url, answer.text)
        if answer.status_code >= 400:
            assert set(answer.json()["error"]) == {"code", "message", "details"}


def odd(chance: random.Random, path: str, operation: dict[str, Any]) -> dict[str, Any]:
    """URL and body of one odd request."""
    query = {}
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "path":
            value = chance.choice(ODD) or "x"
            path = path.replace(f"{{{parameter['name']}}}", quote(value, safe=""))
        elif chance.random() < 0.4:
            query[parameter["name"]] = chance.choice(ODD)
    if chance.random() < 0.1:
        query[chance.choice(ODD)] = chance.choice(ODD)
    asked: dict[str, Any] = {"url": path, "params": query}
    if "requestBody" in operation:
        names = ("query", "limit", "code", "name", "timezone", "country")
        asked["json"] = chance.choice(
            [{name: chance.choice(ODD) for name in names}, {"query": chance.choice(ODD)}, [], None, 7, "x"]
        )
    return asked


@pytest.mark.fault(
    "somebody without a token measures how long answers take",
    "things that exist and things that do not take equally long, and the answers are the same",
)
@pytest.mark.parametrize(
    ("there", "not_there"),
    [
        (f"{BASE}/marts/dim_course", f"{BASE}/marts/dim_nothing"),
        (f"{BASE}/builds", f"{BASE}/nothing"),
        (
            f"{BASE}/schools/11111111-1111-1111-1111-111111111111",
            f"{BASE}/schools/22222222-2222-2222-2222-222222222222",
        ),
    ],
)
def test_time_tells_nothing(server: httpx.Client, there: str, not_there: str) -> None:
    """A login page for ids: 401 after a look-up for those that exist, before it for the others."""
    times: dict[str, list[float]] = {there: [], not_there: []}
    bodies = set()
    for _ in range(400):
        for path, found in times.items():
            started = time.perf_counter()
            answer = server.get(path)
            found.append(time.perf_counter() - started)
            assert answer.status_code == 401
            bodies.add(answer.content)
    assert len(bodies) == 1
    one, other = (statistics.quantiles(found, n=10)[1] for found in times.values())
    # A look-up costs half a millisecond and more; noise of a shared machine is well below.
    assert abs(one - other) < max(0.25 * one, 0.0003)
