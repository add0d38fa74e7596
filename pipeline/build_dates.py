"""Which local dates each incremental model builds, and what that came to.

A date is a partition of an incremental model. A table that SQLMesh will make or replace needs every date,
whatever is pending: a model that was changed, a first build, and a first build that failed half-way.
"""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
from sqlmesh import Context
from sqlmesh.core.model import Model
from sqlmesh.core.snapshot import Snapshot

_CREATE = """
CREATE SCHEMA IF NOT EXISTS build;
CREATE TABLE IF NOT EXISTS build.build_dates (model_name VARCHAR NOT NULL, local_date DATE NOT NULL);
"""
_PENDING = "SELECT local_date FROM raw.pending_dates"
_ALL = f"SELECT local_date FROM raw.analytics UNION {_PENDING}"  # noqa: S608
# Sessions reach over midnight: fct_user_day writes more dates than those that were touched.
_WRITTEN = {"fct_user_day": "SELECT activity_date FROM intermediate.int_session_dates WHERE is_built"}
_TOUCHED = "SELECT local_date FROM build.build_dates WHERE model_name = ?"


def fill_build_dates(context: Context, connection: duckdb.DuckDBPyConnection) -> None:
    """Write build.build_dates for the coming build, in one transaction."""
    connection.execute(_CREATE)
    connection.execute("BEGIN")
    connection.execute("DELETE FROM build.build_dates")
    for model, snapshot in incremental_models(context):
        dates = _PENDING if _is_built(context, snapshot) else _ALL
        connection.execute(
            f"INSERT INTO build.build_dates SELECT DISTINCT ?, dates.local_date FROM ({dates}) AS dates",  # noqa: S608
            [model.view_name],
        )
    connection.execute("COMMIT")


def count_built_rows(context: Context, connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Rows that each incremental model wrote in the last build, by model name."""
    return {model.name: _built_rows(connection, model) for model, _ in incremental_models(context)}


def incremental_models(context: Context) -> Iterator[tuple[Model, Snapshot]]:
    """Models that build by partition, with their snapshots."""
    snapshots = context.snapshots
    for fqn, model in context.models.items():
        if model.kind.is_incremental_by_partition:
            yield model, snapshots[fqn]


def _is_built(context: Context, snapshot: Snapshot) -> bool:
    """Whether there is a table that holds every date but the pending ones."""
    if not (snapshot.version and snapshot.intervals):
        return False
    return context.engine_adapter.table_exists(snapshot.table_name())


def _built_rows(connection: duckdb.DuckDBPyConnection, model: Model) -> int:
    written = _WRITTEN.get(model.view_name)
    dates = written or _TOUCHED
    counted = connection.execute(
        f"SELECT count(*) FROM {model.name} WHERE activity_date IN ({dates})",  # noqa: S608
        [] if written else [model.view_name],
    ).fetchone()
    return int(counted[0]) if counted else 0
