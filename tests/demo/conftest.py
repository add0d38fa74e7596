"""A PostgreSQL of the demo's own tests, and generated platforms on it."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import count
from typing import Any

import psycopg
import pytest

from demo.generate import generate
from demo.server import apply_schema, create_database, embedded_postgres

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
MakeDatabase = Callable[..., str]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Superuser URL of a running PostgreSQL."""
    with embedded_postgres(tmp_path_factory.mktemp("demo") / "postgres") as url:
        yield url


@pytest.fixture(scope="session")
def empty_database(server: str) -> MakeDatabase:
    """Return `make(*, template=None, smallest=False) -> url`: a new database with the operational schema."""
    numbers = count()

    def make(*, template: str | None = None, smallest: bool = False) -> str:
        url = create_database(server, f"demo_{next(numbers)}", template=template)
        if template is None:
            apply_schema(url, smallest=smallest)
        return url

    return make


@pytest.fixture(scope="session")
def platform(empty_database: MakeDatabase) -> str:
    """URL of a generated platform of SIZE; tests must not change it."""
    url = empty_database()
    generate(url, **SIZE)
    return url


@pytest.fixture
def copied_platform(platform: str, empty_database: MakeDatabase) -> str:
    """URL of a copy of `platform` that a test may change."""
    return empty_database(template=database_name(platform))


def database_name(url: str) -> str:
    """Return the database that a URL names."""
    with psycopg.connect(url) as connection:
        return connection.info.dbname


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
