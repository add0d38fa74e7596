"""Build and audit every model from raw as it stands, in one go.

No model depends on SQLMesh's clock: a model is a function of raw. SQLMesh's intervals serve two purposes
only. FIRST_DAY says that a physical table was built whole once; without it SQLMesh replaces the table.
LAST_DAY says that it is up to date: taking it away makes SQLMesh build everything again, however often a day.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

import duckdb
from sqlmesh import Context
from sqlmesh.core.environment import Environment
from sqlmesh.core.snapshot import Snapshot
from sqlmesh.utils.concurrency import NodeExecutionFailedError
from sqlmesh.utils.date import to_timestamp
from sqlmesh.utils.errors import NodeAuditsErrors, PlanError

from ingest.progress import Reporter
from pipeline.build_console import BuildConsole
from pipeline.build_scope import count_built_rows, empty_incremental_tables, fill_scopes
from pipeline.errors import AuditError, BuildError
from pipeline.register import refresh

ENVIRONMENT = "prod"
FIRST_DAY = "2026-01-01"  # `start` in config.yaml
LAST_DAY = "2026-01-02"
EXECUTION_TIME = "2026-01-03"
# Messages of these errors name objects and columns, never values of rows.
VALUE_FREE_ERRORS = (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException)


@dataclass(frozen=True)
class AuditResult:
    """One audit of one mart, and the number of rows that break it."""

    mart: str
    audit: str
    rows: int
    passed: bool
    blocking: bool


@dataclass(frozen=True)
class BuildReport:
    """What a build did: audits of the marts, seconds per model, rows that incremental models wrote."""

    audits: tuple[AuditResult, ...]
    seconds: dict[str, float]
    rows_processed: dict[str, int]

    def to_json(self) -> dict[str, Any]:
        """As it is kept in the run's record."""
        return asdict(self)


def build(
    context: Context,
    connection: duckdb.DuckDBPyConnection,
    report: Reporter,
    *,
    whole: bool = False,
    hand_over: Callable[[], None] | None = None,
) -> BuildReport:
    """Bring every model up to raw and run every audit.

    Incremental models build what is pending, or everything where a table is new or `whole` is asked for;
    `hand_over` takes raw to where the models are built, if that is not the warehouse. Raises AuditError
    naming mart, audit and number of rows, or BuildError naming the model; after either, the next call
    converges.
    """
    refresh(context, connection)
    current = context.snapshots
    environment = context.state_reader.get_environment(ENVIRONMENT)
    if whole:
        empty_incremental_tables(context)
    fill_scopes(context, connection, current, whole=whole)
    if hand_over:
        hand_over()
    _mark_out_of_date(context, (*_stored_snapshots(context, environment), *current.values()))
    console = BuildConsole(report, len(context.models))
    try:
        with _telling(context, console):
            _evaluate(context, environment, current.values())
    except PlanError as error:
        raise _failure(console.errors, otherwise=_first_line(error)) from next(iter(console.errors), error)
    if console.errors:
        raise _failure(console.errors, otherwise="") from console.errors[0]
    rows = count_built_rows(context)
    return BuildReport(tuple(_audits(context)), console.seconds, rows)


def _stored_snapshots(context: Context, environment: Environment | None) -> tuple[Snapshot, ...]:
    """Snapshots of the environment as it was last built."""
    return tuple(context.state_reader.get_snapshots(environment.snapshots).values()) if environment else ()


def _mark_out_of_date(context: Context, snapshots: Iterable[Snapshot]) -> None:
    last_day = (to_timestamp(LAST_DAY), to_timestamp(EXECUTION_TIME))
    built = {one.snapshot_id: one for one in snapshots if one.version and _follows_raw(one)}
    stale = [(one, last_day) for one in built.values()]
    context.state_sync.remove_intervals(stale, remove_shared_versions=True)


def _follows_raw(snapshot: Snapshot) -> bool:
    """Whether there is anything to do when only raw has changed: views without audits follow raw."""
    if not snapshot.is_model or snapshot.is_external or snapshot.is_seed:
        return False
    return bool(snapshot.is_materialized or snapshot.model.audits)


def _evaluate(context: Context, environment: Environment | None, current: Collection[Snapshot]) -> None:
    """Build what is out of date. Raises PlanError; a run that fails only tells the console."""
    if environment and _is_whole(environment, current):
        # As `context.run` does, which would load the snapshots from the state again.
        scheduler = context.create_scheduler(current, context.snapshot_evaluator)
        scheduler.run(ENVIRONMENT, execution_time=EXECUTION_TIME)
        return
    context.plan(
        ENVIRONMENT, execution_time=EXECUTION_TIME, auto_apply=True, no_prompts=True, skip_tests=True
    )
    # Old versions of changed tables would keep rows of people who were erased since.
    context.run_janitor(ignore_ttl=True)


def _is_whole(environment: Environment, current: Iterable[Snapshot]) -> bool:
    """Whether the environment holds these snapshots, and the plan that put them there came to its end."""
    is_same = {one.snapshot_id for one in environment.snapshots} == {one.snapshot_id for one in current}
    return is_same and environment.finalized_ts is not None


@contextmanager
def _telling(context: Context, console: BuildConsole) -> Iterator[None]:
    before = context.console
    context.console = console
    try:
        yield
    finally:
        context.console = before


def _failure(errors: Sequence[NodeExecutionFailedError[Any]], otherwise: str) -> BuildError | AuditError:
    """A broken audit before anything else: models that fail because of it only repeat the news."""
    for error in errors:
        if isinstance(error.__cause__, NodeAuditsErrors):
            return AuditError(_broken_audits(error.__cause__))
    return BuildError("; ".join(_failed_model(error) for error in errors) or otherwise)


def _first_line(error: Exception) -> str:
    """Without what follows: Spark adds the query and its plan."""
    return str(error).strip().partition("\n")[0]


def _broken_audits(broken: NodeAuditsErrors) -> str:
    told = [
        f"{one.model_name}: audit {one.audit_name} failed for {one.count:,} rows" for one in broken.errors
    ]
    return "; ".join(told)


def _failed_model(error: NodeExecutionFailedError[Any]) -> str:
    name = _short(str(getattr(error.node, "snapshot_name", "a model")))
    cause = error.__cause__
    reason = str(cause).partition("\n")[0] if isinstance(cause, VALUE_FREE_ERRORS) else type(cause).__name__
    return f"{name} could not be built: {reason}"


def _short(fqn: str) -> str:
    return ".".join(part.strip('"') for part in fqn.split(".")[-2:])


def _audits(context: Context) -> Iterator[AuditResult]:
    """The audits of the marts: after a build that succeeded, no row breaks a blocking one."""
    for model in sorted(context.models.values(), key=lambda one: one.name):
        if model.fully_qualified_table.db == "marts":
            for name, arguments in model.audits:
                title = _audit_title(name, arguments)
                yield AuditResult(model.view_name, title, rows=0, passed=True, blocking=True)


def _audit_title(name: str, arguments: dict[str, Any]) -> str:
    told = ", ".join(value.sql("duckdb") for value in arguments.values())
    return f"{name}({told})" if told else name
