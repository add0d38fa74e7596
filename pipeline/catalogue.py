"""What the SQLMesh project says of the marts: meaning, grain, origin of every column."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp
from sqlmesh import Context
from sqlmesh.core.lineage import column_dependencies
from sqlmesh.core.model import Model

from pipeline.copying import MartTable

SCHEMA = "marts"
# Where rows are looked up otherwise than by their grain. People's rows lie by person, a school's by date.
LOOKUP_ORDER = {
    "fct_quiz_attempt": ("user_key", "attempt_key"),
    "leaderboard": ("timeframe", "scope", "scope_key", "position"),
    "learner_at_risk": ("user_key", "class_key"),
    "fct_enrollment": ("user_key", "class_key"),
    "recent_completion": ("school_key", "completed_at", "user_key", "lesson_key"),
}


@dataclass(frozen=True)
class MartModel:
    """A mart of the project: the table to copy, and its origins as `schema.model[.column]`."""

    table: MartTable
    grain: tuple[str, ...]
    upstream: tuple[str, ...]
    lineage: dict[str, tuple[str, ...]]


def mart_models(context: Context) -> dict[str, MartModel]:
    """All models of schema marts, by name."""
    models = [model for model in context.models.values() if _schema(model) == SCHEMA]
    return {model.view_name: _mart(context, model) for model in sorted(models, key=lambda one: one.view_name)}


def _mart(context: Context, model: Model) -> MartModel:
    grain = tuple(column.name for grain in model.grains for column in grain.find_all(exp.Column))
    table = MartTable(
        name=model.view_name,
        order=LOOKUP_ORDER.get(model.view_name, grain),
        description=model.description or "",
        column_descriptions=dict(model.column_descriptions or {}),
    )
    upstream = tuple(sorted(_short(name) for name in model.depends_on or ()))
    return MartModel(table, grain, upstream, _lineage(context, model))


def _lineage(context: Context, model: Model) -> dict[str, tuple[str, ...]]:
    return {column: _origins(context, model, column) for column in model.columns_to_types_or_raise}


def _origins(context: Context, model: Model, column: str) -> tuple[str, ...]:
    parents = column_dependencies(context, model.fqn, column)
    return tuple(sorted(f"{_short(parent)}.{one}" for parent, columns in parents.items() for one in columns))


def _schema(model: Model) -> str:
    return str(model.fully_qualified_table.db)


def _short(name: str) -> str:
    table = exp.to_table(name, dialect="duckdb")
    return f"{table.db}.{table.name}"
