"""What a request wants of a mart: columns, filters, order, page. Every mistake is a 422 that names it."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from api.errors import Invalid
from api.marts.values import is_text, parse

RESERVED = ("columns", "order", "limit", "next", "format")
COMPARISONS = {"eq": "=", "ne": "<>", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
OPERATORS = (*COMPARISONS, "in", "like")
MOST_VALUES = 200
# LIKE tries every way to fit its wildcards: a handful is plenty for people and cheap for us.
MOST_WILDCARDS = 6


@dataclass(frozen=True)
class Filter:
    """`column operator values`; only `in` has several values."""

    column: str
    operator: str
    values: tuple[Any, ...]


@dataclass(frozen=True)
class Order:
    """One column of the order; NULLs always come last."""

    column: str
    is_descending: bool = False


@dataclass(frozen=True)
class Asked:
    """A checked request: every name is a column of the mart, every value has its column's type."""

    columns: tuple[str, ...]
    filters: tuple[Filter, ...]
    order: tuple[Order, ...]


def read_asked(
    types: Mapping[str, str],
    grain: Iterable[str],
    columns: str | None,
    order: str | None,
    query: Iterable[tuple[str, str]],
) -> Asked:
    """The request in terms of a mart with these column types. Raises Invalid."""
    return Asked(
        columns=_columns(types, columns),
        filters=tuple(_filter(types, name, text) for name, text in query if name not in RESERVED),
        order=_order(types, tuple(grain), order),
    )


def _columns(types: Mapping[str, str], text: str | None) -> tuple[str, ...]:
    if text is None:
        return tuple(types)
    names = tuple(text.split(","))
    for name in names:
        _check_column(types, "columns", name)
    if len(set(names)) < len(names):
        _complain("columns", "names a column twice")
    return names


def _order(types: Mapping[str, str], grain: tuple[str, ...], text: str | None) -> tuple[Order, ...]:
    """The wished order, made total by the grain: without that, pages could repeat or lose rows."""
    wished = tuple(_order_column(types, part) for part in text.split(",")) if text is not None else ()
    names = [part.column for part in wished]
    if len(set(names)) < len(names):
        _complain("order", "names a column twice")
    rest = grain or tuple(types)
    return (*wished, *(Order(column) for column in rest if column not in names))


def _order_column(types: Mapping[str, str], text: str) -> Order:
    name, _, direction = text.partition(".")
    _check_column(types, "order", name)
    if direction not in ("", "asc", "desc"):
        _complain("order", "a column is followed by .asc, .desc or nothing")
    return Order(name, direction == "desc")


def _filter(types: Mapping[str, str], column: str, text: str) -> Filter:
    _check_column(types, column if column in types else "filter", column)
    operator, dot, value = text.partition(".")
    if not dot or operator not in OPERATORS:
        _complain(column, f"must be operator.value with one of {', '.join(OPERATORS)}")
    if operator == "like":
        return Filter(column, operator, (_pattern(types, column, value),))
    texts = _listed(column, value) if operator == "in" else [value]
    return Filter(column, operator, tuple(_value(types, column, item) for item in texts))


def _pattern(types: Mapping[str, str], column: str, value: str) -> str:
    if not is_text(types[column]):
        _complain(column, "like is for text")
    if value.count("%") > MOST_WILDCARDS:
        _complain(column, f"at most {MOST_WILDCARDS} wildcards")
    return str(_value(types, column, value))


def _listed(column: str, value: str) -> list[str]:
    try:
        items = next(csv.reader([value], strict=True), [""])
    except csv.Error:
        _complain(column, 'in takes values separated by commas, such as in.a,b or in."a,b",c')
    if len(items) > MOST_VALUES:
        _complain(column, f"at most {MOST_VALUES} values")
    return items


def _value(types: Mapping[str, str], column: str, text: str) -> Any:
    try:
        return parse(text, types[column])
    except ValueError as mistake:
        _complain(column, str(mistake))


def _check_column(types: Mapping[str, str], where: str, name: str) -> None:
    if name not in types:
        _complain(where, "names a column that the mart does not have")


def _complain(where: str, what: str) -> NoReturn:
    raise Invalid(details=[{"where": f"query.{where}", "what": what}])
