"""Which engine made the last whole build: the incremental tables of another one know nothing of it."""

from __future__ import annotations

import duckdb

from pipeline.settings import Engine

_CREATE = (
    "CREATE SCHEMA IF NOT EXISTS pipeline; CREATE TABLE IF NOT EXISTS pipeline.built_by (engine VARCHAR)"
)


def is_another_engine(connection: duckdb.DuckDBPyConnection, engine: Engine) -> bool:
    """Whether the days built last were built elsewhere than in `engine`; before this was kept, in DuckDB."""
    connection.execute(_CREATE)
    row = connection.execute("SELECT engine FROM pipeline.built_by").fetchone()
    return engine is not (Engine(row[0]) if row else Engine.DUCKDB)


def remember_engine(connection: duckdb.DuckDBPyConnection, engine: Engine) -> None:
    """Note it before the pending days go: a kill in between costs a whole build, never a number."""
    connection.execute(_CREATE)
    connection.execute("BEGIN")
    connection.execute("DELETE FROM pipeline.built_by")
    connection.execute("INSERT INTO pipeline.built_by VALUES (?)", [engine])
    connection.execute("COMMIT")
