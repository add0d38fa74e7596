"""Follows the source's activity stream by id, read-only, every two seconds.

Ids can become visible out of order (a transaction that took its id earlier may commit later), so that every
poll reads again what came in the last minute. The whole state is read anew every ten minutes, which picks
up deleted events, moved people and new schools; and whenever the stream has jumped.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import psycopg
import structlog
from psycopg.rows import class_row

from api.activity import RECENT, Activity, Event

Connection = psycopg.AsyncConnection[Any]

POLL_SECONDS: Final = 2.0
RELOAD_AFTER: Final = timedelta(minutes=10)
OVERLAP: Final = timedelta(minutes=1)
OVERLAP_IDS: Final = 2_000
FARTHEST_JUMP: Final = 100_000
LONGEST_WAIT_SECONDS: Final = 30.0
_CYCLE_SECONDS: Final = 30
_TAIL: Final = 20_000

log = structlog.get_logger()

_SETTINGS = """
SELECT
    set_config('default_transaction_read_only', 'on', false),
    set_config('statement_timeout', '20s', false),
    set_config('TimeZone', 'UTC', false)
"""

_OPTIONAL = """
SELECT
    to_regclass('schools') IS NOT NULL,
    EXISTS (
        SELECT FROM pg_attribute
        WHERE attrelid = to_regclass('users') AND attname = 'school_id' AND NOT attisdropped
    )
"""

# An event of an unknown user or lesson is an orphan and counts in no figure.
_EVENTS = """
SELECT
    analytics.id,
    analytics.created_at AS occurred_at,
    analytics.user_id,
    {school} AS school_id,
    users.role::text AS role,
    users.username,
    users.first_name,
    users.last_name,
    analytics.event_type,
    lessons.title AS lesson_title,
    analytics.xp_earned
FROM {rows} AS analytics
JOIN users ON users.id = analytics.user_id
LEFT JOIN lessons ON lessons.id = analytics.lesson_id
{schools}
WHERE (analytics.lesson_id IS NULL OR lessons.id IS NOT NULL)
"""

_NO_SCHOOL: Final = UUID(int=0)  # stands for the unassigned school in a list
_STREAM = "SELECT id, created_at, user_id, event_type, lesson_id, xp_earned FROM analytics"
_NEW = f"({_STREAM} WHERE id > %(low)s ORDER BY id LIMIT 50000)"
_NEWEST = f"({_STREAM} WHERE created_at <= %(now)s ORDER BY created_at DESC, id DESC LIMIT %(tail)s)"
# What the tail does not hold of the schools that are not in it ten times: by person, as the index lies.
_QUIET = f"""
(
    SELECT stream.*
    FROM users AS person
    CROSS JOIN LATERAL (
        {_STREAM}
        WHERE user_id = person.id AND created_at <= %(now)s
            AND (lesson_id IS NULL OR lesson_id IN (SELECT id FROM lessons))
        ORDER BY created_at DESC, id DESC LIMIT 10
    ) AS stream
    WHERE coalesce({{school}}, '{_NO_SCHOOL}'::uuid) <> ALL(%(busy)s)
)
"""  # noqa: S608 - our own names
_QUIET_TIMEOUT = "SET LOCAL statement_timeout = '5s'"
_LATER = f"({_STREAM} WHERE created_at > %(now)s ORDER BY created_at LIMIT 10000)"
_SINCE = f"({_STREAM} WHERE created_at > %(since)s AND created_at <= %(now)s)"

# Offsets of zones are multiples of a quarter of an hour: a quarter lies within one local date everywhere.
_QUARTERS = """
SELECT school_id, date_bin('15 minutes', occurred_at, timestamptz '2000-01-01 00:00Z') AS quarter, count(*)
FROM ({events}) AS event GROUP BY 1, 2
"""
_IDS = "SELECT id FROM analytics WHERE id > %(low)s AND created_at <= %(now)s"
_SEEN = "SELECT user_id, school_id, max(occurred_at) FROM ({events}) AS event GROUP BY 1, 2"
_RECENT = """
SELECT id, occurred_at, user_id, school_id, role, username, first_name, last_name, event_type,
    lesson_title, xp_earned
FROM (
    SELECT event.*, row_number() OVER (PARTITION BY school_id ORDER BY occurred_at DESC, id DESC) AS place
    FROM ({events}) AS event
) AS placed
WHERE place <= 10
"""
# Today began at most 38 hours ago: the UTC date of now, in a zone at UTC+14.
_LONGEST_TODAY = timedelta(hours=38)
_ACTIVE = timedelta(minutes=5)


@dataclass(frozen=True)
class Layout:
    """Which optional parts of the operational schema exist."""

    has_schools: bool
    has_school_ids: bool

    @property
    def is_assigned(self) -> bool:
        """Whether people have schools."""
        return self.has_schools and self.has_school_ids

    @property
    def quiet(self) -> str:
        """The part of the stream that holds what happened last in each school that is not busy."""
        of_person = "(SELECT id FROM schools WHERE id = person.school_id)"
        return _QUIET.format(school=of_person if self.is_assigned else "NULL::uuid")

    def events(self, rows: str) -> str:
        """The query for events of a part of the stream."""
        return _EVENTS.format(
            school="schools.id" if self.is_assigned else "NULL::uuid",
            schools="LEFT JOIN schools ON schools.id = users.school_id" if self.is_assigned else "",
            rows=rows,
        )


class Follower:
    """Keeps an Activity up to date until it is stopped; says when it last read the source."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._activity: Activity | None = None
        self._loaded_at = datetime.min.replace(tzinfo=UTC)
        self._heights: deque[tuple[datetime, int]] = deque()
        self._first_try = asyncio.Event()
        self.observed_at: datetime | None = None

    async def activity(self) -> Activity | None:
        """The state so far; None when the source has never been reached. Waits for the first try."""
        await self._first_try.wait()
        return self._activity

    async def run(self) -> None:
        """Follow the source for ever; wait longer after every failure in a row, up to half a minute."""
        failures = 0
        while True:
            try:
                async with self._connection() as connection:
                    async for _ in self._observations(connection):
                        failures = 0
            except (psycopg.Error, OSError, TimeoutError) as failure:
                failures += 1
                self._first_try.set()
                log.warning("source_away", failure=type(failure).__name__, failures=failures)
                await asyncio.sleep(_wait_after(failures))

    async def _observations(self, connection: Connection) -> AsyncIterator[datetime]:
        layout = await _layout(connection)
        while True:
            yield await self._observe(connection, layout)
            await asyncio.sleep(POLL_SECONDS)

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Connection]:
        async with await psycopg.AsyncConnection.connect(
            self._url, autocommit=True, connect_timeout=5, application_name="schoolhouse-realtime"
        ) as connection:
            await connection.execute(_SETTINGS)
            yield connection

    async def _observe(self, connection: Connection, layout: Layout) -> datetime:
        async with asyncio.timeout(_CYCLE_SECONDS):
            now = datetime.now(UTC)
            highest = await _highest_id(connection)
            if self._must_reload(now, highest):
                self._activity = await _load(connection, layout, now)
                self._loaded_at = now
                self._heights = deque([(now, highest - OVERLAP_IDS)])
            else:
                await self._poll(connection, layout, now)
        self.observed_at = now
        self._first_try.set()
        return now

    def _must_reload(self, now: datetime, highest: int) -> bool:
        if self._activity is None or now - self._loaded_at > RELOAD_AFTER:
            return True
        # Rows were deleted at the end, or so many came that counting them one by one is slower.
        return highest < self._activity.highest_id or highest > self._activity.highest_id + FARTHEST_JUMP

    async def _poll(self, connection: Connection, layout: Layout, now: datetime) -> None:
        activity = self._activity
        if activity is None:
            return
        low = self._low(activity, now)
        events = await _events(connection, layout.events(_NEW), {"low": low})
        activity.add(events, now)
        activity.forget_ids_below(low)

    def _low(self, activity: Activity, now: datetime) -> int:
        """The highest id of a minute ago, at most so many ids back."""
        self._heights.append((now, activity.highest_id))
        while len(self._heights) > 1 and self._heights[1][0] <= now - OVERLAP:
            self._heights.popleft()
        return max(self._heights[0][1] - 1, activity.highest_id - OVERLAP_IDS)


async def _load(connection: Connection, layout: Layout, now: datetime) -> Activity:
    """The whole state from one snapshot of the source."""
    await connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    try:
        activity = Activity(await _zones(connection, layout))
        await _load_counts(connection, layout, now, activity)
        await _load_people(connection, layout, now, activity)
        await _load_ids(connection, now, activity)
        activity.add(await _events(connection, layout.events(_LATER), {"now": now}), now)
        await _load_quiet(connection, layout, now, activity)
        return activity
    finally:
        await connection.execute("ROLLBACK")


async def _load_counts(connection: Connection, layout: Layout, now: datetime, activity: Activity) -> None:
    sql = _QUARTERS.format(events=layout.events(_SINCE))
    rows = await connection.execute(sql, {"since": now - _LONGEST_TODAY, "now": now})
    for school_id, quarter, number in await rows.fetchall():
        activity.count(school_id, quarter, number)


async def _load_people(connection: Connection, layout: Layout, now: datetime, activity: Activity) -> None:
    sql = _SEEN.format(events=layout.events(_SINCE))
    rows = await connection.execute(sql, {"since": now - _ACTIVE, "now": now})
    for user_id, school_id, seen_at in await rows.fetchall():
        activity.see(user_id, school_id, seen_at)
    newest = _RECENT.format(events=layout.events(_NEWEST))
    for event in await _events(connection, newest, {"now": now, "tail": _TAIL}):
        activity.show(event)


async def _load_quiet(connection: Connection, layout: Layout, now: datetime, activity: Activity) -> None:
    """The last of the load: a source without an index by person may be too slow for it, and goes without."""
    try:
        async with connection.transaction():
            await connection.execute(_QUIET_TIMEOUT)
            await _show_quiet(connection, layout, now, activity)
    except psycopg.errors.QueryCanceled:
        log.warning("quiet_schools_left_out")


async def _show_quiet(connection: Connection, layout: Layout, now: datetime, activity: Activity) -> None:
    busy = [school_id or _NO_SCHOOL for school_id, shown in activity.recent.items() if len(shown) == RECENT]
    last = _RECENT.format(events=layout.events(layout.quiet))
    events = await _events(connection, last, {"now": now, "busy": busy})
    for event in events:
        activity.recent.pop(event.school_id, None)
    for event in events:
        activity.show(event)


async def _load_ids(connection: Connection, now: datetime, activity: Activity) -> None:
    activity.highest_id = await _highest_id(connection)
    low = activity.highest_id - OVERLAP_IDS - 1
    rows = await connection.execute(_IDS, {"low": low, "now": now})
    activity.ids = {row[0] for row in await rows.fetchall()}


async def _layout(connection: Connection) -> Layout:
    row = await (await connection.execute(_OPTIONAL)).fetchone()
    return Layout(*row) if row else Layout(has_schools=False, has_school_ids=False)


async def _zones(connection: Connection, layout: Layout) -> dict[UUID, ZoneInfo]:
    if not layout.has_schools:
        return {}
    rows = await (await connection.execute("SELECT id, timezone FROM schools")).fetchall()
    return {school_id: _zone(name) for school_id, name in rows}


async def _highest_id(connection: Connection) -> int:
    row = await (await connection.execute("SELECT coalesce(max(id), 0) FROM analytics")).fetchone()
    return row[0] if row else 0


async def _events(connection: Connection, sql: str, params: dict[str, Any]) -> list[Event]:
    async with connection.cursor(row_factory=class_row(Event)) as cursor:
        return await (await cursor.execute(sql, params)).fetchall()


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def _wait_after(failures: int) -> float:
    longest = min(LONGEST_WAIT_SECONDS, 2.0 ** min(failures - 1, 10))
    # Many workers must not come back all at once.
    return longest * random.uniform(0.5, 1.0)  # noqa: S311
