"""The local dates of a column of moments, by the zone of each person's school and raw.zone_days.

In numpy: the two joins that say the same in DuckDB (ingest.zones.LOCAL_DATE) cost as much as the insert.
"""

from __future__ import annotations

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


class LocalDates:
    """Of the people in ingest_people; anybody else has the dates of UTC. raw.zone_days covers all moments."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        people = connection.execute(_PEOPLE).fetchnumpy()
        keys: Ints = np.asarray(people["user_key"], np.int64)
        self._zones: Ints = np.zeros(int(keys.max(initial=0)) + 1, np.int64)
        self._zones[keys] = people["number"]
        self._read_days()

    def of(self, users: pa.Array, moments: pa.Array) -> pa.Array:
        """Dates (date32) of moments (naive UTC, µs, none NULL) by the keys of users (int32, may be NULL)."""
        at: Ints = moments.cast(pa.int64()).to_numpy()
        day = at // _DAY
        column = self._columns(day)
        zone = self._zone_of(users)
        shift = self._before[zone, column]
        # On most days no zone changes its offset.
        rows = np.flatnonzero(self._has_change[column])
        late = rows[at[rows] >= self._changes_at[zone[rows], column[rows]]]
        shift[late] = self._after[zone[late], column[late]]
        return pa.array(((at + shift) // _DAY).astype(np.int32), pa.date32())

    def _zone_of(self, users: pa.Array) -> Ints:
        keys: Ints = users.fill_null(0).to_numpy().astype(np.int64)
        # Key 0 is nobody's, and so of UTC: the first zone.
        keys[keys >= len(self._zones)] = 0
        return self._zones[keys]

    def _columns(self, day: Ints) -> Ints:
        """Where each day stands in the grid of zones and days; far from today there are gaps in it."""
        if not self._are_known(day):
            self._read_days()
        column: Ints = day - self._days[0] if self._is_gapless() else np.searchsorted(self._days, day)
        return column

    def _is_gapless(self) -> bool:
        return int(self._days[-1] - self._days[0]) == len(self._days) - 1

    def _are_known(self, day: Ints) -> bool:
        if self._is_gapless():
            first, last = self._days[0], self._days[-1]
            return bool(first <= day.min(initial=first) and day.max(initial=last) <= last)
        places = np.minimum(np.searchsorted(self._days, day), len(self._days) - 1)
        return bool((self._days[places] == day).all())

    def _read_days(self) -> None:
        found = self._connection.execute(_ZONE_DAYS, [_NEVER]).fetchnumpy()
        self._days: Ints = np.unique(np.asarray(found["day"], np.int64))
        grid = (-1, len(self._days))
        self._before = np.asarray(found["before"], np.int64).reshape(grid)
        self._changes_at = np.asarray(found["changes_at"], np.int64).reshape(grid)
        self._has_change = (self._changes_at != _NEVER).any(axis=0)
        self._after = np.asarray(found["after"], np.int64).reshape(grid)
