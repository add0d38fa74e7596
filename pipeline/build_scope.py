"""What the incremental models build, and what that came to: days (a user and a local date each), or people.

When SQLMesh will make or replace the table of one of them, all days or all people are built, whatever is
pending: after a model was changed, in a first build, and after a first build that failed half-way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import duckdb
from sqlmesh import Context
from sqlmesh.core.model import Model
from sqlmesh.core.snapshot import Snapshot


@dataclass(frozen=True)
class Scope:
    """What a kind of incremental models builds: `table` is filled before a build, `view` is what they read.

    `pending` is what changed since the last build, `everything` all there is. `written` counts the rows that
    a build wrote, of a model by its name, or of all others by ''.
    """

    table: str
    view: str
    columns: str
    pending: str
    everything: str
    written: Mapping[str, str]


_PENDING_DAYS = "SELECT user_key, local_date FROM raw.pending_days"
_PENDING_PEOPLE = "SELECT user_key FROM raw.pending_people"
_STUDYING = "SELECT user_key FROM raw.user_progress UNION SELECT user_key FROM raw.quiz_attempts UNION "
DAYS = Scope(
    table="build.build_days",
    view="staging.stg_build_days",
    columns="user_key INTEGER NOT NULL, local_date DATE NOT NULL",
    pending=_PENDING_DAYS,
    everything=f"SELECT user_key, local_date FROM raw.analytics UNION {_PENDING_DAYS}",  # noqa: S608
    written={
        "": "SELECT count(*) FROM {model} AS built JOIN build.build_days AS day "
        "ON day.user_key = built.user_key AND day.local_date = built.activity_date",
        "int_activity_spans": "SELECT count(*) FROM {model} "
        "WHERE user_key IN (SELECT user_key FROM build.build_days)",
        "fct_user_day": "SELECT count(*) FROM intermediate.int_session_days",  # sessions reach over midnight
    },
)
PEOPLE = Scope(
    table="build.build_people",
    view="staging.stg_build_people",
    columns="user_key INTEGER NOT NULL",
    pending=_PENDING_PEOPLE,
    everything=_STUDYING + _PENDING_PEOPLE,
    written={"": "SELECT count(*) FROM {model} WHERE user_key IN (SELECT user_key FROM build.build_people)"},
)
SCOPES = (DAYS, PEOPLE)


def fill_scopes(
    context: Context,
    connection: duckdb.DuckDBPyConnection,
    snapshots: Mapping[str, Snapshot],
    *,
    whole: bool = False,
) -> None:
    """Write what the coming build builds, each table in one transaction; everything when `whole`."""
    connection.execute("CREATE SCHEMA IF NOT EXISTS build")
    for scope in SCOPES:
        models = _models_of(context, scope)
        is_built = all(_is_built(context, snapshots[model.fqn]) for model in models)
        rows = scope.pending if is_built and not whole else scope.everything
        connection.execute(f"CREATE TABLE IF NOT EXISTS {scope.table} ({scope.columns})")
        connection.execute("BEGIN")
        connection.execute(f"DELETE FROM {scope.table}")  # noqa: S608 - names from above
        connection.execute(
            f"INSERT INTO {scope.table} SELECT DISTINCT * FROM ({rows}) WHERE user_key IS NOT NULL"  # noqa: S608
        )
        connection.execute("COMMIT")


def count_built_rows(context: Context) -> dict[str, int]:
    """Rows that each incremental model wrote in the last build, by model name."""
    return {
        model.name: _built_rows(context, scope, model)
        for scope in SCOPES
        for model in _models_of(context, scope)
    }


def incremental_tables(context: Context) -> Iterator[str]:
    """Physical names of the incremental models that have a table."""
    for model in incremental_models(context):
        snapshot = context.get_snapshot(model, raise_if_missing=True)
        if snapshot.version and context.engine_adapter.table_exists(snapshot.table_name()):
            yield snapshot.table_name()


def empty_incremental_tables(context: Context) -> None:
    """Take every row out of them, so that building everything makes them whole."""
    for table in incremental_tables(context):
        context.engine_adapter.execute(f"DELETE FROM {table}")  # noqa: S608 - names from the project


def incremental_models(context: Context) -> Iterable[Model]:
    """Models that keep what they built before."""
    return [model for model in context.models.values() if model.kind.is_incremental_unmanaged]


def _models_of(context: Context, scope: Scope) -> list[Model]:
    view = context.get_model(scope.view, raise_if_missing=True).fqn
    return [model for model in incremental_models(context) if view in (model.depends_on or ())]


def _is_built(context: Context, snapshot: Snapshot) -> bool:
    """Whether there is a table that holds everything but what is pending."""
    if not (snapshot.version and snapshot.intervals):
        return False
    return context.engine_adapter.table_exists(snapshot.table_name())


def _built_rows(context: Context, scope: Scope, model: Model) -> int:
    counting = scope.written.get(model.view_name, scope.written[""])
    counted = context.engine_adapter.fetchone(counting.format(model=model.name))
    return int(counted[0]) if counted else 0
