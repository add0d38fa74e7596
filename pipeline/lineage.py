"""Where every column of a model comes from: worked out once per version of it, kept in the warehouse."""

from __future__ import annotations

import json
from collections.abc import Iterable

import duckdb
from sqlglot import exp
from sqlmesh import Context
from sqlmesh.core.lineage import column_dependencies
from sqlmesh.core.model import Model

Lineage = dict[str, tuple[str, ...]]

_CREATE = """
CREATE SCHEMA IF NOT EXISTS pipeline;
CREATE TABLE IF NOT EXISTS pipeline.column_lineage (
    mart VARCHAR NOT NULL, version VARCHAR NOT NULL, lineage JSON NOT NULL
)
"""


def lineages(
    context: Context, connection: duckdb.DuckDBPyConnection, models: Iterable[Model]
) -> dict[str, Lineage]:
    """Origins `schema.model.column` of every column, by name of the model."""
    connection.execute(_CREATE)
    rows = connection.execute("SELECT mart, version, lineage FROM pipeline.column_lineage").fetchall()
    kept = {(mart, version): json.loads(lineage) for mart, version, lineage in rows}
    found: dict[str, Lineage] = {}
    for model in models:
        version = (model.view_name, model.data_hash)
        if version not in kept:
            kept[version] = _lineage(context, model)
            _keep(connection, *version, kept[version])
        found[model.view_name] = {column: tuple(origins) for column, origins in kept[version].items()}
    return found


def short_name(name: str) -> str:
    """`schema.model` of a name that SQLMesh gives with catalog and quotes."""
    table = exp.to_table(name, dialect="duckdb")
    return f"{table.db}.{table.name}"


def _lineage(context: Context, model: Model) -> Lineage:
    return {column: _origins(context, model, column) for column in model.columns_to_types_or_raise}


def _origins(context: Context, model: Model, column: str) -> tuple[str, ...]:
    parents = column_dependencies(context, model.fqn, column)
    named = (f"{short_name(parent)}.{one}" for parent, columns in parents.items() for one in columns)
    return tuple(sorted(named))


def _keep(connection: duckdb.DuckDBPyConnection, mart: str, version: str, lineage: Lineage) -> None:
    connection.execute("DELETE FROM pipeline.column_lineage WHERE mart = ?", [mart])
    connection.execute(
        "INSERT INTO pipeline.column_lineage VALUES (?, ?, ?)", [mart, version, json.dumps(lineage)]
    )
