"""Bayesian knowledge tracing as an ordered fold."""

from __future__ import annotations

from sqlglot import exp
from sqlmesh import macro
from sqlmesh.core.macros import MacroEvaluator

POSTERIOR = (
    "CASE WHEN {correct} THEN {p} * (1 - {slip}) / ({p} * (1 - {slip}) + (1 - {p}) * {guess}) "
    "ELSE {p} * {slip} / ({p} * {slip} + (1 - {p}) * (1 - {guess})) END"
)
FOLD = {
    "duckdb": (
        "LIST_REDUCE(LIST({correct} ORDER BY {moment}, {tie}), LAMBDA p, c : {step}, CAST({start} AS DOUBLE))"
    ),
    "spark": (
        "AGGREGATE(TRANSFORM(ARRAY_SORT(COLLECT_LIST(STRUCT({moment}, {tie}, {correct}))), x -> x.col3), "
        "CAST({start} AS DOUBLE), (p, c) -> {step})"
    ),
}


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
    dialect = "spark" if evaluator.dialect == "spark" else "duckdb"
    rates = {"slip": _double(slip), "guess": _double(guess)}
    posterior = POSTERIOR.format(correct="c = 1.0", p="p", **rates)
    fold = FOLD[dialect].format(
        correct=correct.sql(dialect),
        moment=moment.sql(dialect),
        tie=tie.sql(dialect),
        step=f"({posterior}) + (1 - ({posterior})) * {_double(transit)}",
        start=start.sql(dialect),
    )
    return exp.maybe_parse(fold, dialect=dialect)


def _double(rate: exp.Expression) -> str:
    return f"CAST({rate.sql('duckdb')} AS DOUBLE)"
