"""Rows of a mart: one SELECT for all formats, built of checked column names and bound values."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from api.marts import keyset
from api.marts.access import Readable, count_rows
from api.marts.asked import COMPARISONS, Asked, Filter, Order
from api.snapshots import Snapshot

BATCH_ROWS = 10_000


@dataclass(frozen=True)
class Selection:
    """A page of a mart that is yet to be read."""

    mart: Readable
    asked: Asked
    limit: int
    after: str | None = None


@dataclass(frozen=True)
class PageInfo:
    """Rows of all pages together, and the token of the next page; None on the last."""

    total: int
    next: str | None


def page_info(snapshot: Snapshot, selection: Selection) -> PageInfo:
    """Total and `next` of a page, without its rows. Raises BadValue for a token that does not fit."""
    return PageInfo(_total(snapshot, selection), _next(snapshot, selection))


@contextmanager
def reading(snapshot: Snapshot, selection: Selection) -> Iterator[pa.RecordBatchReader]:
    """The page's rows as Arrow batches of at most BATCH_ROWS, read while they are consumed."""
    sql, params = _page_sql(selection, ", ".join(_quoted(name) for name in selection.asked.columns))
    cursor = snapshot.cursor()
    try:
        yield cursor.execute(f"{sql} LIMIT {selection.limit:d}", params).to_arrow_reader(BATCH_ROWS)
    finally:
        cursor.close()


def _total(snapshot: Snapshot, selection: Selection) -> int:
    if not selection.asked.filters:
        return count_rows(snapshot, selection.mart)
    where, params = _where(selection)
    # Names are of the manifest and quoted, values are bound.
    row = snapshot.one(f"SELECT count(*) FROM {_quoted(selection.mart.name)} WHERE {where}", params)  # noqa: S608
    return int(row[0]) if row else 0


def _next(snapshot: Snapshot, selection: Selection) -> str | None:
    names = [_quoted(part.column) for part in selection.asked.order]
    sql, params = _page_sql(selection, ", ".join(names))
    # Cast outside: inside, DuckDB no longer skips the row groups that cannot hold the page.
    texts = ", ".join(f"CAST({name} AS VARCHAR)" for name in names)
    ends = f"SELECT {texts} FROM ({sql} LIMIT 2 OFFSET {selection.limit - 1:d})"  # noqa: S608 - as below
    found = snapshot.query(ends, params)
    return keyset.encode(selection.mart.name, selection.asked, found[0]) if len(found) == 2 else None


def _page_sql(selection: Selection, columns: str) -> tuple[str, dict[str, Any]]:
    where, params = _where(selection)
    if selection.after is not None:
        values = keyset.decode(selection.after, selection.mart.name, selection.asked, selection.mart.types)
        behind, more = keyset.after(selection.asked.order, values)
        where, params = f"{where} AND {behind}", params | more
    order = ", ".join(_order(part) for part in selection.asked.order)
    table = _quoted(selection.mart.name)
    return f"SELECT {columns} FROM {table} WHERE {where} ORDER BY {order}", params  # noqa: S608


def _where(selection: Selection) -> tuple[str, dict[str, Any]]:
    conditions, params = [selection.mart.condition], dict(selection.mart.params)
    for number, wanted in enumerate(selection.asked.filters):
        condition, more = _condition(wanted, f"filter_{number}")
        conditions.append(condition)
        params |= more
    return " AND ".join(conditions), params


def _condition(wanted: Filter, name: str) -> tuple[str, dict[str, Any]]:
    column = _quoted(wanted.column)
    params = {f"{name}_{number}": value for number, value in enumerate(wanted.values)}
    bound = ", ".join(f"${param}" for param in params)
    if wanted.operator == "in":
        return f"{column} IN ({bound})", params
    if wanted.operator == "like":
        return f"{column} LIKE {bound}", params
    return f"{column} {COMPARISONS[wanted.operator]} {bound}", params


def _order(part: Order) -> str:
    return f"{_quoted(part.column)} {'DESC' if part.is_descending else 'ASC'} NULLS LAST"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
