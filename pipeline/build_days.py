"""Which days, a user and a local date each, the incremental models build, and what that came to.

When SQLMesh will make or replace the table of one of them, all days are built, whatever is pending: after a
model was changed, in a first build, and after a first build that failed half-way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import duckdb
from sqlmesh import Context
from sqlmesh.core.model import Model
from sqlmesh.core.snapshot import Snapshot

_CREATE = """
CREATE SCHEMA IF NOT EXISTS build;
CREATE TABLE IF NOT EXISTS build.build_days (user_key INTEGER NOT NULL, local_date DATE NOT NULL);
"""
_PENDING = "SELECT user_key, local_date FROM raw.pending_days"
_ALL = f"SELECT user_key, local_date FROM raw.analytics UNION {_PENDING}"  # noqa: S608
_ON_DAYS = (
    "SELECT count(*) FROM {model} AS built JOIN build.build_days AS day "
    "ON day.user_key = built.user_key AND day.local_date = built.activity_date"
)
_OF_USERS = "SELECT count(*) FROM {model} WHERE user_key IN (SELECT user_key FROM build.build_days)"
_WRITTEN = {
    "int_user_day": _ON_DAYS,
    "int_lesson_day": _ON_DAYS,
    "int_activity_spans": _OF_USERS,
    "fct_user_day": "SELECT count(*) FROM intermediate.int_session_days",  # sessions reach over midnight
}


def fill_build_days(
    context: Context,
    connection: duckdb.DuckDBPyConnection,
    snapshots: Mapping[str, Snapshot],
    *,
    whole: bool = False,
) -> None:
    """Write build.build_days for the coming build, in one transaction; all days when `whole`."""
    models = incremental_models(context)
    is_built = all(_is_built(context, snapshots[model.fqn]) for model in models)
    days = _PENDING if is_built and not whole else _ALL
    connection.execute(_CREATE)
    connection.execute("BEGIN")
    connection.execute("DELETE FROM build.build_days")
    connection.execute(f"INSERT INTO build.build_days SELECT DISTINCT user_key, local_date FROM ({days})")  # noqa: S608
    connection.execute("COMMIT")


def count_built_rows(context: Context) -> dict[str, int]:
    """Rows that each incremental model wrote in the last build, by model name."""
    return {model.name: _built_rows(context, model) for model in incremental_models(context)}


def incremental_tables(context: Context) -> Iterator[str]:
    """Physical names of the incremental models that have a table."""
    for model in incremental_models(context):
        snapshot = context.get_snapshot(model, raise_if_missing=True)
        if snapshot.version and context.engine_adapter.table_exists(snapshot.table_name()):
            yield snapshot.table_name()


def empty_incremental_tables(context: Context) -> None:
    """Take every row out of them, so that building all days makes them whole."""
    for table in incremental_tables(context):
        context.engine_adapter.execute(f"DELETE FROM {table}")  # noqa: S608 - names from the project


def incremental_models(context: Context) -> Iterable[Model]:
    """Models that keep what they built before."""
    return [model for model in context.models.values() if model.kind.is_incremental_unmanaged]


def _is_built(context: Context, snapshot: Snapshot) -> bool:
    """Whether there is a table that holds every day but the pending ones."""
    if not (snapshot.version and snapshot.intervals):
        return False
    return context.engine_adapter.table_exists(snapshot.table_name())


def _built_rows(context: Context, model: Model) -> int:
    counted = context.engine_adapter.fetchone(_WRITTEN[model.view_name].format(model=model.name))
    return int(counted[0]) if counted else 0
