"""Small pieces that queries share: the school condition, quotients, time zones."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from api.scope import Scope
from api.snapshots import Row, Snapshot

_ROWS_MORE = 4


def first_with_ties(
    snapshot: Snapshot, sql: str, params: dict[str, Any], count: int, column: int
) -> list[Row]:
    """At least the first `count` rows of a query ordered by `column`, and all that tie with the last of them.

    For orders that what is known in memory decides in the end, such as by title.
    """
    limit = count * _ROWS_MORE
    while True:
        rows = snapshot.query(f"{sql} LIMIT $limit", {**params, "limit": limit})
        if len(rows) < limit or rows[-1][column] != rows[count - 1][column]:
            return rows
        limit *= _ROWS_MORE


def in_school(scope: Scope, column: str = "school_key") -> tuple[str, dict[str, Any]]:
    """Condition and parameters that leave only what the scope sees; everything for the whole platform.

    `column` is one of our own names, never a caller's.
    """
    if scope.platform:
        return "TRUE", {}
    return f"{column} = $school", {"school": scope.school_key}


def daily_mart(scope: Scope, of_schools: str) -> str:
    """The mart to add days up from; that of the platform does not grow with the schools."""
    return "platform_daily" if scope.platform else of_schools


def own_scope(scope: Scope) -> dict[str, Any]:
    """$scope and $key of marts that hold rows of each school and of the platform."""
    return {"scope": "platform", "key": 0} if scope.platform else {"scope": "school", "key": scope.school_key}


def mean(total: Decimal | int | None, count: int) -> float | None:
    """The mean from a sum and a count; None without rows."""
    return float(total) / count if count and total is not None else None


def share(part: int, whole: int) -> float | None:
    """part / whole, 0..1; None when there is no whole."""
    return part / whole if whole else None


def in_utc(moment: datetime) -> datetime:
    """A timestamp of a mart with its zone: marts hold naive UTC."""
    return moment.replace(tzinfo=UTC)


def in_utc_or_none(moment: datetime | None) -> datetime | None:
    """As in_utc, for columns that may be NULL."""
    return None if moment is None else in_utc(moment)
