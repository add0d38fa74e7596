"""How far the warehouse itself has come, so that only a whole build of a whole batch is ever published.

It lives in the warehouse, in one row, because it must be as old or as new as the tables it speaks of: the
run history survives a warehouse that was lost or put back from a copy.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import duckdb

from ingest.layout import create_raw
from pipeline.errors import DamagedWarehouseError, PublishError, SequenceError

_CREATE = """
CREATE SCHEMA IF NOT EXISTS pipeline;
CREATE TABLE IF NOT EXISTS pipeline.build_state (
    stage VARCHAR NOT NULL, ingest_report JSON NOT NULL, build_report JSON NOT NULL
)
"""


class Stage(StrEnum):
    """What was last begun or ended."""

    INGESTING = "ingesting"
    INGESTED = "ingested"
    BUILDING = "building"
    BUILT = "built"


@dataclass(frozen=True)
class BuildState:
    """The stage, and the reports of the last ingest and build as JSON objects."""

    stage: Stage
    ingest: dict[str, Any]
    build: dict[str, Any]


def begin_ingest(connection: duckdb.DuckDBPyConnection) -> None:
    """From here until `end_ingest` raw may be half new.

    Raises DamagedWarehouseError when raw has lost the batch that the models were built on: it would begin
    anew, with other keys than theirs.
    """
    state = _read(connection)
    if state and state.stage is not Stage.INGESTING and not _has_batch(connection):
        raise DamagedWarehouseError("warehouse.duckdb has lost its raw tables.")
    _write(connection, BuildState(Stage.INGESTING, {}, {}))


def end_ingest(connection: duckdb.DuckDBPyConnection, report: dict[str, Any]) -> None:
    """Raw is one state of the source."""
    _write(connection, BuildState(Stage.INGESTED, report, {}))


def begin_build(connection: duckdb.DuckDBPyConnection) -> BuildState:
    """From here until `end_build` the marts may be half new. Raises SequenceError without a whole batch."""
    state = _read(connection)
    if state is None or state.stage is Stage.INGESTING:
        raise SequenceError("There is no whole batch to build on: the last ingest did not end.")
    create_raw(connection)  # what raw has had only since an upgrade
    _write(connection, BuildState(Stage.BUILDING, state.ingest, {}))
    return state


def end_build(connection: duckdb.DuckDBPyConnection, ingest: dict[str, Any], report: dict[str, Any]) -> None:
    """All models are built and all blocking audits passed; nothing is pending any more."""
    connection.execute("DELETE FROM raw.pending_dates")
    connection.execute("DELETE FROM raw.pending_days")
    connection.execute("DELETE FROM raw.pending_people")
    _write(connection, BuildState(Stage.BUILT, ingest, report))


def whole_build(connection: duckdb.DuckDBPyConnection) -> BuildState:
    """The build that can be published. Raises PublishError when the last batch has no whole build."""
    state = _read(connection)
    if state is None or state.stage is not Stage.BUILT:
        raise PublishError("The newest batch has no complete build; nothing was published.")
    return state


def _has_batch(connection: duckdb.DuckDBPyConnection) -> bool:
    tables = "SELECT 1 FROM duckdb_tables() WHERE schema_name = 'raw' AND table_name = 'current_batch'"
    if not connection.execute(tables).fetchone():
        return False
    return bool(connection.execute("SELECT 1 FROM raw.current_batch").fetchone())


def _write(connection: duckdb.DuckDBPyConnection, state: BuildState) -> None:
    connection.execute(_CREATE)
    connection.execute("BEGIN")
    connection.execute("DELETE FROM pipeline.build_state")
    connection.execute(
        "INSERT INTO pipeline.build_state VALUES (?, ?, ?)",
        [state.stage, json.dumps(state.ingest), json.dumps(state.build)],
    )
    connection.execute("COMMIT")


def _read(connection: duckdb.DuckDBPyConnection) -> BuildState | None:
    # Without creating the table: a reader may have opened the warehouse read-only.
    try:
        row = connection.execute(
            "SELECT stage, ingest_report, build_report FROM pipeline.build_state"
        ).fetchone()
    except duckdb.CatalogException:
        return None
    return BuildState(Stage(row[0]), json.loads(row[1]), json.loads(row[2])) if row else None
