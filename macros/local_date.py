"""The local date of a UTC timestamp."""

from __future__ import annotations

from sqlglot import exp
from sqlmesh import macro
from sqlmesh.core.macros import MacroEvaluator


@macro()
def local_date(_evaluator: MacroEvaluator, moment: exp.Expression, zone_day: exp.Column) -> exp.Expression:
    """Local date of `moment`, a naive UTC timestamp; NULL for NULL.

    `zone_day` is the alias of a row of staging.stg_zone_days, joined on the zone and on the UTC date of
    `moment`: an equi-join costs a fraction of a time zone function call per row and means the same on
    every engine.
    """
    alias = exp.to_identifier(zone_day.name)
    offset = exp.case().when(
        exp.GTE(this=moment.copy(), expression=exp.column("changes_at", alias)),
        exp.column("offset_after_seconds", alias),
    )
    offset = offset.else_(exp.column("offset_seconds", alias))
    second = exp.Interval(this=exp.Literal.string("1"), unit=exp.var("SECOND"))
    shifted = exp.Add(this=moment.copy(), expression=exp.Mul(this=exp.paren(offset), expression=second))
    return exp.cast(exp.paren(shifted), exp.DataType.Type.DATE)
