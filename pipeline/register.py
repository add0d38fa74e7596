"""What the compliance marts need besides the source: the list of marts, and the results of erasures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import duckdb
from sqlglot import exp

from pipeline.traces import PERSON_COLUMNS

if TYPE_CHECKING:  # SQLMesh takes seconds to import; erasing needs only the tables
    from sqlmesh import Context
    from sqlmesh.core.model import Model

MARTS = "marts"

_CREATE = """
CREATE SCHEMA IF NOT EXISTS raw;
CREATE TABLE IF NOT EXISTS raw.mart_catalog (
    mart VARCHAR, description VARCHAR, grain VARCHAR, has_person_key BOOLEAN, is_compliance BOOLEAN
);
CREATE TABLE IF NOT EXISTS raw.erasure_receipts (request_id UUID, is_verified BOOLEAN);
"""


def refresh(context: Context, connection: duckdb.DuckDBPyConnection) -> None:
    """Enter every mart that the project defines; makes both tables when they are missing."""
    connection.execute(_CREATE)
    rows = [_entry(model) for model in context.models.values() if model.fully_qualified_table.db == MARTS]
    connection.execute("BEGIN")
    connection.execute("DELETE FROM raw.mart_catalog")
    connection.executemany("INSERT INTO raw.mart_catalog VALUES (?, ?, ?, ?, ?)", sorted(rows))
    connection.execute("COMMIT")


def record_erasures(connection: duckdb.DuckDBPyConnection, results: Mapping[str, bool]) -> None:
    """Replace the results of erasures: request id -> verified."""
    connection.execute(_CREATE)
    connection.execute("BEGIN")
    connection.execute("DELETE FROM raw.erasure_receipts")
    for result in results.items():
        connection.execute("INSERT INTO raw.erasure_receipts VALUES (?, ?)", list(result))
    connection.execute("COMMIT")


def _entry(model: Model) -> tuple[str, str, str, bool, bool]:
    name = model.view_name
    grain = ", ".join(column.name for grain in model.grains for column in grain.find_all(exp.Column))
    has_person = not model.columns_to_types_or_raise.keys().isdisjoint(PERSON_COLUMNS)
    is_compliance = name.startswith("compliance_") or name == "processing_register"
    return name, model.description or "", grain, has_person, is_compliance
