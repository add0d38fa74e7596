"""Bayesian knowledge tracing as an ordered fold."""

from __future__ import annotations

from sqlglot import exp
from sqlmesh import macro
from sqlmesh.core.macros import MacroEvaluator

POSTERIOR = (
    "CASE WHEN {correct} THEN {p} * (1 - {slip}) / ({p} * (1 - {slip}) + (1 - {p}) * {guess}) "
    "ELSE {p} * {slip} / ({p} * {slip} + (1 - {p}) * (1 - {guess})) END"
)
# Both are read as DuckDB's SQL, whose lambdas become Spark's on the way out.
FOLD = {
    "duckdb": (
        "LIST_REDUCE(LIST({correct} ORDER BY {moment}, {tie}), LAMBDA p, c : {step}, CAST({start} AS DOUBLE))"
    ),
    "spark": (
        "AGGREGATE(SORT_ARRAY(COLLECT_LIST(NAMED_STRUCT('moment', {moment}, 'tie', {tie}, 'c', {correct}))), "
        "CAST({start} AS DOUBLE), LAMBDA p, piece : {step})"
    ),
}
CORRECT = {"duckdb": "c", "spark": "piece.c"}


@macro()
def knowledge_tracing(
    evaluator: MacroEvaluator,
    correct: exp.Expression,
    moment: exp.Expression,
    tie: exp.Expression,
    start: exp.Expression,
    slip: exp.Expression,
    guess: exp.Expression,
    transit: exp.Expression,
) -> exp.Expression:
    """Probability 0..1 that the skill is known after the last piece of evidence of the group.

    `correct` is 1.0 or 0.0 a piece; the pieces are taken by `moment`, then `tie`. Corbett and Anderson
    (1995), Knowledge Tracing: Modeling the Acquisition of Procedural Knowledge: the posterior e given the
    piece, then e + (1 - e) * transit.
    """
    engine = "spark" if evaluator.gateway == "spark" else "duckdb"
    rates = {"slip": _double(slip), "guess": _double(guess)}
    posterior = POSTERIOR.format(correct=f"{CORRECT[engine]} = 1.0", p="p", **rates)
    fold = FOLD[engine].format(
        correct=correct.sql("duckdb"),
        moment=moment.sql("duckdb"),
        tie=tie.sql("duckdb"),
        step=f"({posterior}) + (1 - ({posterior})) * {_double(transit)}",
        start=start.sql("duckdb"),
    )
    return exp.maybe_parse(fold, dialect="duckdb")


def _double(rate: exp.Expression) -> str:
    return f"CAST({rate.sql('duckdb')} AS DOUBLE)"
