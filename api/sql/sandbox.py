"""Processes that run queries: limited in memory, killed when late or when the client has left."""

from __future__ import annotations

import asyncio
import os
import re
import struct
import sys
from asyncio.subprocess import PIPE, Process
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

import orjson

from api.errors import BadValue, Unavailable
from api.manifest import MARTS_FILE
from api.marts.access import Readable
from api.marts.formats import Format
from api.scope import Scope
from api.settings import ApiSettings
from api.snapshots import Snapshot
from api.sql.worker import Request

PROCESSES = 2
LARGEST_BYTES = 20_000_000
GRACE_SECONDS = 2.0
START_SECONDS = 30.0
_WORKER = "api.sql.worker"
_BUFFER = 2 * LARGEST_BYTES
_KEPT_VARIABLES = ("PATH", "LANG", "LD_LIBRARY_PATH", "PYTHONPATH")
_UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}


class QueryError(BadValue):
    """400: the query was refused or failed; the code says which."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code  # type: ignore[misc]


@dataclass(frozen=True)
class Query:
    """One query of a caller and the marts it may read."""

    text: str
    limit: int
    marts: dict[str, Readable]
    format: Format = Format.JSON


@dataclass(frozen=True)
class QueryFile:
    """The result as a file; `is_truncated` when there were more rows."""

    content: bytes
    is_truncated: bool


class Sandboxes:
    """A few worker processes, started when first needed and started anew when one had to be killed."""

    def __init__(self, settings: ApiSettings) -> None:
        self._settings = settings
        self._free = asyncio.Semaphore(PROCESSES)
        self._idle: list[Process] = []

    async def run(self, snapshot: Snapshot, scope: Scope, query: Query) -> orjson.Fragment | QueryFile:
        """The result as JSON {"columns", "rows", "truncated"}, or as a file of another format.

        Raises QueryError, Unavailable.
        """
        request = self._request(snapshot, scope, query)
        # Not wait_for: up to Python 3.11 it loses a cancellation that meets the end of what it waits for, and
        # the query of a client who has left went on until its time limit.
        try:
            async with asyncio.timeout(self._settings.sql_timeout_seconds):
                await self._free.acquire()
        except TimeoutError as busy:
            raise Unavailable("Other queries are still running.") from busy
        try:
            return await self._ask(request)
        finally:
            self._free.release()

    async def close(self) -> None:
        """End the idle processes."""
        while self._idle:
            await _end(self._idle.pop())

    async def _ask(self, request: Request) -> orjson.Fragment | QueryFile:
        process = await self._process()
        try:
            async with asyncio.timeout(request.timeout_seconds + GRACE_SECONDS):
                answer = await _exchange(process, request)
        except TimeoutError as late:
            await _end(process)
            raise QueryError("query_timeout", "The query took too long and was ended.") from late
        except (asyncio.IncompleteReadError, ConnectionError) as death:
            await _end(process)
            raise QueryError("query_memory", "The query needs more memory than it may use.") from death
        except BaseException:
            await _end(process)
            raise
        self._idle.append(process)
        return _result(answer)

    async def _process(self) -> Process:
        if self._idle:
            return self._idle.pop()
        process = await self._start()
        try:
            # Starting is not the query's fault: it does not count against its time.
            async with asyncio.timeout(START_SECONDS):
                await _read_frame(process)
        except (TimeoutError, asyncio.IncompleteReadError) as failure:
            await _end(process)
            raise Unavailable("No process for the query could be started.") from failure
        except BaseException:
            await _end(process)
            raise
        return process

    async def _start(self) -> Process:
        memory = str(bytes_of(self._settings.sql_memory_limit))
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", _WORKER, memory, stdin=PIPE, stdout=PIPE, env=_environment(), limit=_BUFFER
        )

    def _request(self, snapshot: Snapshot, scope: Scope, query: Query) -> Request:
        settings = self._settings
        return Request(
            marts=str(snapshot.folder / MARTS_FILE),
            tables=list(query.marts),
            views=None if scope.platform else {name: _literal(mart) for name, mart in query.marts.items()},
            query=query.text,
            limit=min(query.limit, settings.sql_row_limit),
            timeout_seconds=settings.sql_timeout_seconds,
            memory_limit=settings.sql_memory_limit,
            threads=settings.sql_threads,
            largest_bytes=LARGEST_BYTES,
            format=query.format,
        )


def bytes_of(size: str) -> int:
    """Bytes of a size as DuckDB writes it, such as 512MB. Raises ValueError."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*", size)
    if match is None or match[2].upper() not in _UNITS:
        raise ValueError("a size is a number and a unit, such as 512MB")
    return int(float(match[1]) * _UNITS[match[2].upper()])


def _environment() -> dict[str, str]:
    """What a worker may know of ours: where programs are, and how coverage is measured; no secret."""
    return {
        name: value
        for name, value in os.environ.items()
        if name in _KEPT_VARIABLES or name.startswith("COVERAGE_")
    }


async def _exchange(process: Process, request: Request) -> bytes:
    if process.stdin is None:
        raise ConnectionError("the process has no pipes")
    content = orjson.dumps(asdict(request))
    process.stdin.write(struct.pack(">I", len(content)) + content)
    await process.stdin.drain()
    return await _read_frame(process)


async def _read_frame(process: Process) -> bytes:
    if process.stdout is None:
        raise ConnectionError("the process has no pipes")
    (length,) = struct.unpack(">I", await process.stdout.readexactly(4))
    return await process.stdout.readexactly(length)


def _result(answer: bytes) -> orjson.Fragment | QueryFile:
    if answer[:1] == b"+":
        return orjson.Fragment(answer[1:])
    if answer[:1] in (b"=", b"~"):
        return QueryFile(answer[1:], is_truncated=answer[:1] == b"~")
    refusal: dict[str, Any] = orjson.loads(answer[1:])
    raise QueryError(refusal["code"], refusal["message"])


async def _end(process: Process) -> None:
    with suppress(ProcessLookupError):
        process.kill()
    await process.wait()


def _literal(mart: Readable) -> str:
    """The condition with the school's key, an integer of ours, written in: a view cannot have parameters."""
    return mart.condition.replace("$own_school", f"{mart.params['own_school']:d}") if mart.params else "TRUE"
