"""A small real school: an operational PostgreSQL with a few rows, and an empty warehouse."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any, LiteralString
from uuid import UUID

import duckdb
import psycopg
import pytest

from ingest import BatchReport, ingest, inquire
from ingest.specs import TABLES
from tests.waiting import PAUSE

START = datetime.fromisoformat("2026-03-02T10:00:00+00:00")


def ingest_from(url: str, warehouse: duckdb.DuckDBPyConnection, **options: Any) -> BatchReport:
    """One batch, without SQLMesh between the questions and the rows."""
    with inquire(url) as inquiry:
        return ingest(warehouse, inquiry, **options)


@dataclass
class School:
    """The source, with factories for its rows, and the warehouse that it is ingested into."""

    url: str
    source: psycopg.Connection[Any]
    warehouse: duckdb.DuckDBPyConnection
    _numbers: Iterator[int] = field(default_factory=count)

    def run(self, sql: LiteralString, *values: object) -> Any:
        """Execute at the source; the first value of the first row, if any."""
        cursor = self.source.execute(sql, values)
        row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None

    def school(self, timezone: str | None = "UTC") -> UUID:
        number = next(self._numbers)
        sql: LiteralString = "INSERT INTO schools (code, name, timezone) VALUES (%s, %s, %s) RETURNING id"
        return self.run(sql, f"s{number}", "School", timezone)  # type: ignore[no-any-return]

    def user(self, school: UUID | None = None) -> UUID:
        number = next(self._numbers)
        return self.run(  # type: ignore[no-any-return]
            "INSERT INTO users (school_id, username, email, first_name, role) "
            "VALUES (%s, %s, %s, 'Ann', 'STUDENT') RETURNING id",
            school,
            f"u{number}",
            f"u{number}@example.org",
        )

    def lesson(self) -> UUID:
        course = self.run("INSERT INTO courses (title) VALUES ('Algebra') RETURNING id")
        return self.run("INSERT INTO lessons (course_id, title) VALUES (%s, 'Sums') RETURNING id", course)  # type: ignore[no-any-return]

    def event(self, user: UUID, at: str | datetime = START, lesson: UUID | None = None, xp: int = 5) -> int:
        return self.run(  # type: ignore[no-any-return]
            "INSERT INTO analytics (user_id, event_type, lesson_id, xp_earned, created_at) "
            "VALUES (%s, 'login', %s, %s, %s) RETURNING id",
            user,
            lesson,
            xp,
            at,
        )

    def progress(self, user: UUID, lesson: UUID, at: str | datetime = START) -> UUID:
        return self.run(  # type: ignore[no-any-return]
            "INSERT INTO user_progress (user_id, lesson_id, progress_percentage, created_at, updated_at) "
            "VALUES (%s, %s, 12.50, %s, %s) RETURNING id",
            user,
            lesson,
            at,
            at,
        )

    def ingest(self, *, settled: bool = False, **options: Any) -> BatchReport:
        if settled:
            self._settle()
        return ingest_from(self.url, self.warehouse, **options)

    def _settle(self) -> None:
        """Wait for transactions of other tests on the server: begun before now, they hold the horizon back.

        Not for long ones: with them more is read than a test may expect, and nothing is wrong.
        """
        newest = self.run("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint")
        oldest: LiteralString = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
        patience = time.monotonic() + 20
        while self.run(oldest) < newest and time.monotonic() < patience:
            time.sleep(PAUSE)

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Rows from the warehouse."""
        return self.warehouse.execute(sql, list(values)).fetchall()

    def value(self, sql: str, *values: object) -> Any:
        """The first value from the warehouse."""
        return self.rows(sql, *values)[0][0]

    def touched(self, batch: int) -> list[str]:
        """Touched local dates of a batch, in order."""
        sql = "SELECT local_date FROM raw.touched_dates WHERE batch_id = $1 ORDER BY 1"
        return [str(row[0]) for row in self.rows(sql, batch)]

    def contents(self) -> dict[str, list[tuple[Any, ...]]]:
        """All rows of all raw tables, in order, keys given as the UUIDs they stand for, without batch_id."""
        return {spec.name: contents(self.warehouse, spec.name) for spec in TABLES}


def contents(warehouse: duckdb.DuckDBPyConnection, table: str) -> list[tuple[Any, ...]]:
    """Rows of a raw table with UUIDs instead of keys: equal for equal sources."""
    spec = {spec.name: spec for spec in TABLES}[table]
    columns = [
        f'(SELECT id FROM raw.key_{c.entity} WHERE key = t."{c.name}")' if c.entity else f't."{c.name}"'
        for c in spec.columns
    ]
    return warehouse.execute(f'SELECT {", ".join(columns)} FROM raw."{table}" AS t ORDER BY ALL').fetchall()


@pytest.fixture
def school(make_database: Callable[..., str]) -> Iterator[School]:
    """An empty source with the whole contract schema, foreign keys not enforced, and an empty warehouse."""
    yield from _opened(make_database())


@pytest.fixture
def smallest(make_database: Callable[..., str]) -> Iterator[School]:
    """The same without any optional table or column."""
    yield from _opened(make_database(smallest=True))


def _opened(url: str) -> Iterator[School]:
    with (
        closing(psycopg.connect(url, autocommit=True)) as source,
        closing(duckdb.connect(config={"threads": 2})) as warehouse,
    ):
        source.execute("SET session_replication_role = replica")
        yield School(url, source, warehouse)


@pytest.fixture
def scratch(school: School) -> Callable[[], dict[str, list[tuple[Any, ...]]]]:
    """What a first ingest of the same source into an empty warehouse gives."""

    def from_scratch() -> dict[str, list[tuple[Any, ...]]]:
        with closing(duckdb.connect()) as warehouse:
            ingest_from(school.url, warehouse)
            return {spec.name: contents(warehouse, spec.name) for spec in TABLES}

    return from_scratch
