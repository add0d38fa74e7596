"""What the warehouse itself knows of its last build, so that only a whole one is ever published.

It lives in the warehouse, in one row, because it must be as old or as new as the tables it speaks of.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import duckdb

from pipeline.errors import PublishError

_CREATE = """
CREATE SCHEMA IF NOT EXISTS pipeline;
CREATE TABLE IF NOT EXISTS pipeline.build_state (
    batch_id BIGINT NOT NULL, is_complete BOOLEAN NOT NULL, ingest_report JSON, build_report JSON
)
"""


@dataclass(frozen=True)
class BuildState:
    """The reports of the batch that is built, as JSON objects."""

    batch_id: int
    ingest: dict[str, Any]
    build: dict[str, Any]


def record_ingest(connection: duckdb.DuckDBPyConnection, ingest_report: dict[str, Any]) -> None:
    """A new batch is in raw: until it is built there is nothing to publish."""
    connection.execute(_CREATE)
    _replace(connection, False, ingest_report, {})


def begin_build(connection: duckdb.DuckDBPyConnection) -> None:
    """From here until `complete_build` the marts may be half new. Raises PublishError without a batch."""
    state = _row(connection)
    if state is None:
        raise PublishError("Nothing has been ingested yet.", hint="Run `schoolhouse ingest` first.")
    connection.execute("UPDATE pipeline.build_state SET is_complete = false")


def complete_build(connection: duckdb.DuckDBPyConnection, build_report: dict[str, Any]) -> None:
    """All models are built and all blocking audits passed: nothing is pending any more, in one commit."""
    connection.execute("BEGIN")
    connection.execute("DELETE FROM raw.pending_dates")
    connection.execute(
        "UPDATE pipeline.build_state SET is_complete = true, build_report = ?", [json.dumps(build_report)]
    )
    connection.execute("COMMIT")


def completed_build(connection: duckdb.DuckDBPyConnection) -> BuildState:
    """The build that can be published. Raises PublishError when the newest batch has no whole build."""
    row = _row(connection)
    if row is None:
        raise PublishError("Nothing has been built yet.", hint="Run `schoolhouse nightly` first.")
    batch_id, is_complete, ingest_report, build_report = row
    if not is_complete or batch_id != _current_batch(connection):
        raise PublishError("The newest batch has no complete build.")
    return BuildState(batch_id, json.loads(ingest_report), json.loads(build_report))


def _replace(
    connection: duckdb.DuckDBPyConnection, is_complete: bool, ingest: dict[str, Any], build: dict[str, Any]
) -> None:
    connection.execute("BEGIN")
    connection.execute("DELETE FROM pipeline.build_state")
    connection.execute(
        "INSERT INTO pipeline.build_state VALUES (?, ?, ?, ?)",
        [_current_batch(connection), is_complete, json.dumps(ingest), json.dumps(build)],
    )
    connection.execute("COMMIT")


def _row(connection: duckdb.DuckDBPyConnection) -> tuple[Any, ...] | None:
    connection.execute(_CREATE)
    return connection.execute(
        "SELECT batch_id, is_complete, ingest_report, build_report FROM pipeline.build_state"
    ).fetchone()


def _current_batch(connection: duckdb.DuckDBPyConnection) -> int | None:
    row = connection.execute("SELECT batch_id FROM raw.current_batch").fetchone()
    return int(row[0]) if row else None
