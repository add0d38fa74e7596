"""What has happened by the moment of the run."""

from __future__ import annotations

from sqlglot import exp
from sqlmesh import macro
from sqlmesh.core.macros import MacroEvaluator


@macro()
def until_as_of(_evaluator: MacroEvaluator, moment: exp.Expression) -> exp.Expression:
    """Whether `moment`, a naive UTC timestamp, is not after as_of; FALSE for NULL.

    COALESCE keeps the comparison from becoming an inequality join with the batch's one row: DuckDB expects
    next to nothing of such a join, builds its hash tables from the large table, and takes ten times as long.
    """
    as_of = exp.select(exp.column("as_of", "current_batch")).from_(exp.table_("current_batch", db="raw"))
    is_until = exp.LTE(this=moment.copy(), expression=as_of.subquery())
    return exp.Coalesce(this=is_until, expressions=[exp.false()])
