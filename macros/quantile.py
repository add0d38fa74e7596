"""Quantiles with linear interpolation."""

from __future__ import annotations

from sqlglot import exp
from sqlmesh import macro
from sqlmesh.core.macros import MacroEvaluator


@macro()
def quantile(evaluator: MacroEvaluator, value: exp.Expression, share: exp.Expression) -> exp.Expression:
    """Quantile `share` (0..1) of `value`, linearly interpolated (percentile_cont of SQL), NULLs left out."""
    name = "PERCENTILE" if evaluator.gateway == "spark" else "QUANTILE_CONT"
    return exp.Anonymous(this=name, expressions=[value.copy(), share.copy()])
