"""`schoolhouse generate` fills an empty database, and only an empty one."""

from __future__ import annotations

import psycopg
from typer.testing import CliRunner

from pipeline.cli import app
from tests.conftest import MakeDatabase
from tests.pipeline.conftest import Environment

ARGUMENTS = [
    "generate",
    "--learners",
    "20",
    "--events",
    "1000",
    "--days",
    "30",
    "--as-of",
    "2026-11-20T01:30:00Z",
]


def test_it_fills_an_empty_database_once(
    command_line: CliRunner, environment: Environment, make_database: MakeDatabase
) -> None:
    source_url = make_database()
    environment(SOURCE_URL=source_url)

    filled = command_line.invoke(app, ARGUMENTS)
    again = command_line.invoke(app, ARGUMENTS)

    assert filled.exit_code == 0, filled.output
    assert "as of 2026-11-20T01:30:00+00:00" in filled.stdout
    assert again.exit_code == 2
    assert "empty" in again.stderr
    with psycopg.connect(source_url) as connection:
        assert connection.execute("SELECT count(*) FROM analytics").fetchone() == (1_000,)
