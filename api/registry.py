"""The registry of schools: the one table of the source that Schoolhouse may write.

Reads go over one kept connection, a write over one of its own with the registry's credentials. An
Idempotency-Key needs no table: the id of the new row is made of the key's hash and the body's hash, so that a
repetition finds the row by the first half and is recognised by the second, also after a restart and after
somebody has edited the row.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any, Final, TypeVar
from uuid import UUID, uuid4

import orjson
import psycopg
import structlog
from psycopg.rows import class_row

from api.errors import Conflict, Unavailable
from api.schemas.schools import NewSchool, School

T = TypeVar("T")
Connection = psycopg.AsyncConnection[Any]

CONNECT_SECONDS: Final = 3
ANSWER_SECONDS: Final = 5
AWAY_SECONDS: Final = 2.0
_KEY_BITS: Final = 60
_BODY_BITS: Final = 62

log = structlog.get_logger()

_SETTINGS = """
SELECT
    set_config('default_transaction_read_only', %s, false),
    set_config('statement_timeout', %s, false),
    set_config('TimeZone', 'UTC', false)
"""

_COLUMNS = "id::text, code, name, country::text, timezone, is_active, created_at"

_IN_SCOPE = """
FROM schools
WHERE (%(everything)s OR id = %(school_id)s)
    AND (
        %(search)s::text IS NULL
        OR strpos(lower(code), lower(%(search)s)) > 0
        OR strpos(lower(name), lower(%(search)s)) > 0
    )
"""

_PAGE = f"""
SELECT {_COLUMNS} {_IN_SCOPE}
ORDER BY name COLLATE "C", code COLLATE "C" LIMIT %(limit)s OFFSET %(offset)s
"""

_COUNT = f"SELECT count(*) {_IN_SCOPE}"

_INSERT = f"""
INSERT INTO schools (id, code, name, country, timezone)
VALUES (%(id)s, %(code)s, %(name)s, %(country)s, %(timezone)s)
RETURNING {_COLUMNS}
"""  # noqa: S608

_CREATE_TABLE = """
CREATE TABLE IF NOT EXISTS schools (
    id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    code        text NOT NULL UNIQUE,
    name        text NOT NULL,
    country     char(2),
    timezone    text NOT NULL DEFAULT 'UTC',
    is_active   boolean NOT NULL DEFAULT true,
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now()
)
"""


class RegistryMissing(Unavailable):
    """503: the operational database has no table for schools yet."""

    code = "registry_missing"
    meaning = "The operational database has no schools table; `schoolhouse migrate-registry` makes it."


@dataclass(frozen=True)
class SchoolFilter:
    """Which schools: all of them, or the one with `school_id`; a text in code or name; the page."""

    everything: bool
    school_id: UUID | None
    search: str | None
    limit: int
    offset: int


class Registry:
    """Schools at the source. Every method raises Unavailable (503) when the source cannot be reached."""

    def __init__(self, url: str | None) -> None:
        self._url = url
        self._connection: Connection | None = None
        self._turn = asyncio.Lock()
        self._away_until = 0.0

    async def page(self, wanted: SchoolFilter) -> tuple[list[School], int]:
        """One page of schools by name, and how many there are on all pages."""

        async def read(connection: Connection) -> tuple[list[School], int]:
            async with connection.cursor(row_factory=class_row(School)) as cursor:
                schools = await (await cursor.execute(_PAGE, asdict(wanted))).fetchall()
            total = await (await connection.execute(_COUNT, asdict(wanted))).fetchone()
            return schools, total[0] if total else 0

        return await self._read(read)

    async def school(self, school_id: UUID) -> School | None:
        """One school, or None."""

        async def read(connection: Connection) -> School | None:
            sql = f"SELECT {_COLUMNS} FROM schools WHERE id = %s"  # noqa: S608
            async with connection.cursor(row_factory=class_row(School)) as cursor:
                return await (await cursor.execute(sql, [school_id])).fetchone()

        return await self._read(read)

    async def create(self, school: NewSchool, idempotency_key: str | None) -> School:
        """Write the school, or find the one that the same key and body made before.

        Raises Conflict (409) when the code is taken or the key was used with another body.
        """
        async with self._answering():
            connection = await self._connect(is_writing=True)
            async with connection:
                return await _create(connection, school, idempotency_key)

    async def close(self) -> None:
        """Let go of the kept connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def _read(self, read: Callable[[Connection], Awaitable[T]]) -> T:
        async with self._answering(), self._turn:
            is_kept = self._connection is not None
            try:
                return await read(await self._kept())
            except (psycopg.OperationalError, psycopg.InterfaceError):
                await self.close()
                if not is_kept:
                    raise
            except BaseException:
                # Also of a request that was cancelled halfway: its connection may hold half an answer.
                await self.close()
                raise
            # The kept connection may have died of a restart of the server; a new one tells.
            return await read(await self._kept())

    async def _kept(self) -> Connection:
        if self._connection is None or self._connection.closed:
            self._connection = await self._connect(is_writing=False)
        return self._connection

    async def _connect(self, *, is_writing: bool) -> Connection:
        if self._url is None:
            raise Unavailable("No source is configured.")
        if time.monotonic() < self._away_until:
            raise Unavailable("The source cannot be reached.")
        try:
            connection: Connection = await psycopg.AsyncConnection.connect(
                self._url,
                autocommit=True,
                connect_timeout=CONNECT_SECONDS,
                application_name="schoolhouse-registry",
            )
            await connection.execute(_SETTINGS, ["off" if is_writing else "on", f"{ANSWER_SECONDS}s"])
            return connection
        except psycopg.Error:
            # Not every request should wait for a server that has just been found away.
            self._away_until = time.monotonic() + AWAY_SECONDS
            raise

    @asynccontextmanager
    async def _answering(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(CONNECT_SECONDS + ANSWER_SECONDS):
                yield
        except psycopg.errors.UndefinedTable as refusal:
            raise RegistryMissing from refusal
        except psycopg.errors.InsufficientPrivilege as refusal:
            raise Unavailable("The source does not let these credentials use the registry.") from refusal
        except (psycopg.Error, TimeoutError) as failure:
            log.warning("registry_away", failure=type(failure).__name__)
            raise Unavailable("The source cannot be reached.") from failure


def row_id(school: NewSchool, idempotency_key: str | None) -> UUID:
    """A random id, or with a key the UUIDv8 (RFC 9562) of the key's and the body's hashes."""
    if idempotency_key is None:
        return uuid4()
    body = orjson.dumps(school.model_dump(), option=orjson.OPT_SORT_KEYS)
    return _uuid8(_hash(idempotency_key.encode(), _KEY_BITS), _hash(body, _BODY_BITS))


def ids_of_key(idempotency_key: str) -> tuple[UUID, UUID]:
    """The lowest and the highest id that the key can make, whatever the body."""
    key = _hash(idempotency_key.encode(), _KEY_BITS)
    return _uuid8(key, 0), _uuid8(key, 2**_BODY_BITS - 1)


def migrate(url: str) -> bool:
    """Make the table of schools where there is none, and nothing else. True when it was made now.

    `users.school_id` and `classes.school_id` stay the platform's own: it decides how people get their school.
    """
    with psycopg.connect(url, connect_timeout=CONNECT_SECONDS) as connection:
        found = connection.execute("SELECT to_regclass('schools') IS NOT NULL").fetchone()
        connection.execute(_CREATE_TABLE)
        return found is not None and not found[0]


async def _create(connection: Connection, school: NewSchool, idempotency_key: str | None) -> School:
    wanted = row_id(school, idempotency_key)
    async with connection.transaction(), connection.cursor(row_factory=class_row(School)) as cursor:
        if idempotency_key is not None:
            lowest, highest = ids_of_key(idempotency_key)
            # Two simultaneous requests with one key: the second waits and finds the first one's row.
            await cursor.execute("SELECT pg_advisory_xact_lock(%s)", [lowest.int >> 65])
            earlier = await _earlier(cursor, lowest, highest)
            if earlier is not None:
                return _same(earlier, wanted)
        return await _insert(cursor, school, wanted)


async def _earlier(cursor: psycopg.AsyncCursor[School], lowest: UUID, highest: UUID) -> School | None:
    sql = f"SELECT {_COLUMNS} FROM schools WHERE id BETWEEN %s AND %s"  # noqa: S608
    return await (await cursor.execute(sql, [lowest, highest])).fetchone()


def _same(earlier: School, wanted: UUID) -> School:
    if earlier.id != str(wanted):
        raise Conflict("The Idempotency-Key was used with another body.")
    return earlier


async def _insert(cursor: psycopg.AsyncCursor[School], school: NewSchool, school_id: UUID) -> School:
    try:
        await cursor.execute(_INSERT, {"id": school_id, **school.model_dump()})
    except psycopg.errors.UniqueViolation as refusal:
        raise Conflict("Another school has this code.") from refusal
    made = await cursor.fetchone()
    if made is None:
        raise Unavailable("The registry did not keep the school.")
    return made


def _hash(value: bytes, bits: int) -> int:
    return int.from_bytes(sha256(value).digest()[:8], "big") >> (64 - bits)


def _uuid8(key: int, body: int) -> UUID:
    high, low = key >> 12, key & 0xFFF
    return UUID(int=high << 80 | 8 << 76 | low << 64 | 0b10 << 62 | body)
