"""Exact time arithmetic in whole microseconds."""

from __future__ import annotations

from sqlglot import exp
from sqlmesh import macro
from sqlmesh.core.macros import MacroEvaluator


@macro()
def microseconds(evaluator: MacroEvaluator, moment: exp.Expression) -> exp.Expression:
    """Microseconds from 1970-01-01 UTC to `moment`, a naive UTC timestamp: integers, whose sums are exact."""
    # SQLMesh writes what a macro returns as DuckDB's SQL and reads it again: only an unknown name survives.
    if evaluator.gateway == "spark":
        in_utc = exp.Anonymous(this="TO_TIMESTAMP_LTZ", expressions=[moment.copy()])
        return exp.Anonymous(this="UNIX_MICROS", expressions=[in_utc])
    return exp.Anonymous(this="EPOCH_US", expressions=[moment.copy()])
