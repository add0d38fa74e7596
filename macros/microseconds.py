"""Exact time arithmetic in whole microseconds."""

from __future__ import annotations

from sqlglot import exp
from sqlmesh import macro
from sqlmesh.core.macros import MacroEvaluator


@macro()
def microseconds(evaluator: MacroEvaluator, moment: exp.Expression) -> exp.Expression:
    """Microseconds from 1970-01-01 UTC to `moment`, a naive UTC timestamp: integers, whose sums are exact."""
    if evaluator.dialect == "spark":
        utc = exp.cast(moment.copy(), exp.DataType.Type.TIMESTAMPLTZ)
        return exp.func("UNIX_MICROS", utc, dialect="spark")
    return exp.func("EPOCH_US", moment.copy(), dialect="duckdb")
