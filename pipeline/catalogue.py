"""What the SQLMesh project says of the marts: meaning, grain, origin of every column."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
from sqlglot import exp
from sqlmesh import Context
from sqlmesh.core.model import Model

from pipeline.copying import MartTable
from pipeline.lineage import Lineage, lineages, short_name

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
    lineage: Lineage


@dataclass(frozen=True)
class InnerModel:
    """A model between the source and the marts, and its origins."""

    upstream: tuple[str, ...]
    lineage: Lineage


def mart_models(context: Context, connection: duckdb.DuckDBPyConnection) -> dict[str, MartModel]:
    """All models of schema marts, by name, in alphabetical order."""
    marts = [model for model in context.models.values() if model.fully_qualified_table.db == SCHEMA]
    marts.sort(key=lambda model: model.view_name)
    known = lineages(context, connection, marts)
    return {model.view_name: _mart(model, known[model.view_name]) for model in marts}


def inner_models(context: Context, connection: duckdb.DuckDBPyConnection) -> dict[str, InnerModel]:
    """All models of the project that are no marts, by `schema.name`, in alphabetical order."""
    inner = {
        short_name(model.fqn): model
        for model in context.models.values()
        if model.fully_qualified_table.db != SCHEMA and not model.kind.is_external
    }
    known = lineages(context, connection, inner.values())
    return {name: InnerModel(_upstream(inner[name]), known[inner[name].view_name]) for name in sorted(inner)}


def _mart(model: Model, lineage: Lineage) -> MartModel:
    grain = tuple(column.name for grain in model.grains for column in grain.find_all(exp.Column))
    table = MartTable(
        name=model.view_name,
        order=LOOKUP_ORDER.get(model.view_name, grain),
        description=model.description or "",
        column_descriptions=dict(model.column_descriptions or {}),
    )
    return MartModel(table, grain, _upstream(model), lineage)


def _upstream(model: Model) -> tuple[str, ...]:
    return tuple(sorted(short_name(name) for name in model.depends_on or ()))
