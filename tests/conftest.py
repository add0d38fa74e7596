"""Factories shared by all suites: a real PostgreSQL, databases on it, and published nights."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from itertools import count

import pytest

from demo.server import apply_schema, create_database, embedded_postgres

MakeDatabase = Callable[..., str]


@pytest.fixture(scope="session")
def worker() -> str:
    """Name of this test process; workers share one PostgreSQL, each with databases of its own."""
    return os.environ.get("PYTEST_XDIST_WORKER", "gw")


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Superuser URL of a PostgreSQL that the workers of one test run share."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    with embedded_postgres(shared / "postgres") as url:
        yield url


@pytest.fixture(scope="session")
def make_database(postgres_server: str, worker: str) -> MakeDatabase:
    """Return `make(*, smallest=False) -> url`: a new database with the operational schema and no rows."""
    numbers = count()
    templates: dict[bool, str] = {}

    def template(smallest: bool) -> str:
        if smallest not in templates:
            name = f"{worker}_template_{'smallest' if smallest else 'whole'}"
            apply_schema(create_database(postgres_server, name), smallest=smallest)
            templates[smallest] = name
        return templates[smallest]

    def make(*, smallest: bool = False) -> str:
        return create_database(
            postgres_server, f"{worker}_school_{next(numbers)}", template=template(smallest)
        )

    return make
