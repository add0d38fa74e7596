"""The local dates of a column of moments, by the zone of each person's school and raw.zone_days.

In numpy: the two joins that say the same in DuckDB (ingest.zones.LOCAL_DATE) cost as much as the insert.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

Ints = npt.NDArray[np.int64]
_DAY = 24 * 3600 * 1_000_000
_NEVER = np.iinfo(np.int64).max
_ZONE_DAYS = """
SELECT dense_rank() OVER (ORDER BY zone = 'UTC' DESC, zone) - 1 AS zone,
       utc_date - DATE '1970-01-01' AS day,
       offset_seconds * 1000000::BIGINT AS before,
       coalesce(epoch_us(changes_at), $1) AS changes_at,
       coalesce(offset_after_seconds, 0) * 1000000::BIGINT AS after
FROM raw.zone_days ORDER BY 1, 2
"""
_PEOPLE = """
WITH zones AS (SELECT zone, row_number() OVER (ORDER BY zone = 'UTC' DESC, zone) - 1 AS number
               FROM (SELECT DISTINCT zone FROM raw.zone_days))
SELECT person.user_key, zones.number FROM ingest_people AS person JOIN zones USING (zone)
"""


@dataclass(frozen=True)
class _Grid:
    """raw.zone_days by zone (rows) and day (columns); far from today there are gaps between the days."""

    days: Ints
    before: Ints
    changes_at: Ints
    after: Ints
    has_change: npt.NDArray[np.bool_]

    def columns(self, day: Ints) -> Ints | None:
        """Where each day stands, None if one is not there."""
        first, last = self.days[0], self.days[-1]
        if last - first == len(self.days) - 1:
            is_known = first <= day.min(initial=first) and day.max(initial=last) <= last
            return day - first if is_known else None
        places = np.minimum(np.searchsorted(self.days, day), len(self.days) - 1)
        return places if (self.days[places] == day).all() else None


class LocalDates:
    """Of the people in ingest_people; anybody else has the dates of UTC. raw.zone_days covers all moments."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        people = connection.execute(_PEOPLE).fetchnumpy()
        keys: Ints = np.asarray(people["user_key"], np.int64)
        self._zones: Ints = np.zeros(int(keys.max(initial=0)) + 1, np.int64)
        self._zones[keys] = people["number"]
        self._grid = _read_grid(connection)

    def of(self, users: pa.Array, moments: pa.Array) -> pa.Array:
        """Dates (date32) of moments (naive UTC, µs, none NULL) by the keys of users (int32, may be NULL)."""
        dates = self.known(users, moments)
        if dates is None:
            self._grid = _read_grid(self._connection)
            dates = self.known(users, moments)
        return dates

    def known(self, users: pa.Array, moments: pa.Array) -> pa.Array | None:
        """The same, for any thread; None if raw.zone_days has to be read again for it."""
        grid = self._grid
        at: Ints = moments.cast(pa.int64()).to_numpy()
        column = grid.columns(at // _DAY)
        if column is None:
            return None
        zone = self._zone_of(users)
        shift = grid.before[zone, column]
        # On most days no zone changes its offset.
        rows = np.flatnonzero(grid.has_change[column])
        late = rows[at[rows] >= grid.changes_at[zone[rows], column[rows]]]
        shift[late] = grid.after[zone[late], column[late]]
        return pa.array(((at + shift) // _DAY).astype(np.int32), pa.date32())

    def _zone_of(self, users: pa.Array) -> Ints:
        keys: Ints = users.fill_null(0).to_numpy().astype(np.int64)
        # Key 0 is nobody's, and so of UTC: the first zone.
        keys[keys >= len(self._zones)] = 0
        return self._zones[keys]


def _read_grid(connection: duckdb.DuckDBPyConnection) -> _Grid:
    found = connection.execute(_ZONE_DAYS, [_NEVER]).fetchnumpy()
    days: Ints = np.unique(np.asarray(found["day"], np.int64))
    before, changes_at, after = (
        np.asarray(found[name], np.int64).reshape(-1, len(days)) for name in ("before", "changes_at", "after")
    )
    return _Grid(days, before, changes_at, after, (changes_at != _NEVER).any(axis=0))
