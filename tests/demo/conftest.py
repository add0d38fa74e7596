"""A generated platform, and what is asked of its tables."""

from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from demo.generate import generate
from tests.conftest import MakeDatabase

AS_OF = datetime(2026, 11, 20, 15, 30, tzinfo=UTC)
SIZE: dict[str, Any] = {"learners": 120, "events": 9000, "days": 120, "seed": 7, "as_of": AS_OF}
TABLES = (
    "analytics",
    "class_enrollments",
    "classes",
    "consents",
    "contents",
    "courses",
    "data_subject_requests",
    "leaderboard",
    "lessons",
    "quiz_attempts",
    "quizzes",
    "schools",
    "security_incidents",
    "user_progress",
    "users",
)


@pytest.fixture(scope="session")
def platform(make_database: MakeDatabase) -> str:
    """URL of a generated platform of SIZE; tests must not change it."""
    url = make_database()
    generate(url, **SIZE)
    return url


@pytest.fixture
def copied_platform(platform: str, make_database: MakeDatabase) -> str:
    """URL of a copy of `platform` that a test may change."""
    return make_database(template=platform)


def value(url: str, query: str, *values: object) -> Any:
    """Return the one value of a query."""
    return rows(url, query, *values)[0][0]


def rows(url: str, query: str, *values: object) -> list[tuple[Any, ...]]:
    """Return the rows of a query."""
    with psycopg.connect(url) as connection:
        return connection.execute(query.encode(), values or None).fetchall()


def fingerprints(url: str) -> dict[str, str]:
    """Return a checksum of all rows for each table that is there."""
    found = rows(url, "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
    query = "SELECT coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), 'empty') FROM {} t"
    return {table: value(url, query.format(table)) for (table,) in found}
