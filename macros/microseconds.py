"""Exact time arithmetic in whole microseconds."""

from __future__ import annotations

from sqlglot import exp
from sqlmesh import macro
from sqlmesh.core.macros import MacroEvaluator


@macro()
def microseconds(evaluator: MacroEvaluator, moment: exp.Expression) -> exp.Expression:
    """Microseconds from 1970-01-01 UTC to `moment`, a naive UTC timestamp: integers, whose sums are exact."""
    # SQLMesh writes what a macro returns as DuckDB's SQL and reads it again: only an unknown name survives.
    name = "UNIX_MICROS" if evaluator.gateway == "spark" else "EPOCH_US"
    return exp.Anonymous(this=name, expressions=[moment.copy()])
