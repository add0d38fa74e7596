"""raw.zone_days: the UTC offset of every used zone on every UTC date; local dates become an equi-join."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

import duckdb
import pyarrow as pa

from ingest.warehouse import registered

_LAST_SECOND = timedelta(seconds=24 * 3600 - 1)
MARGIN_DAYS = 2
# Dates in here are covered without gaps; outside (a due date in the year 9999) only as they occur.
GAPLESS = (date(1990, 1, 1), date(2059, 12, 31))
_CALENDAR = (datetime(1, 1, 3, tzinfo=UTC), datetime(9999, 12, 29, tzinfo=UTC))
# "localtime" is whatever the machine says.
_NOT_ZONES = {"localtime"}

_SCHEMA = pa.schema(
    [
        ("zone", pa.string()),
        ("utc_date", pa.date32()),
        ("offset_seconds", pa.int32()),
        ("changes_at", pa.timestamp("us")),
        ("offset_after_seconds", pa.int32()),
    ]
)
ZoneDay = tuple[str, date, int, datetime | None, int | None]

# Local date of a timestamp `{at}` by a joined row `{day}` of raw.zone_days.
LOCAL_DATE = """CAST(make_timestamp(epoch_us({at}) + 1000000 * CAST(CASE
    WHEN {at} >= {day}.changes_at THEN {day}.offset_after_seconds ELSE {day}.offset_seconds
END AS BIGINT)) AS DATE)"""


@cache
def known_zones() -> frozenset[str]:
    """Names that `schools.timezone` may hold; any other means UTC."""
    return frozenset(available_timezones() - _NOT_ZONES) | {"UTC"}


def zone_day(zone: ZoneInfo, day: date) -> ZoneDay:
    """The row of raw.zone_days for one zone and UTC date; changes_at is exact to the second."""
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    before, after = _offset(zone, start), _offset(zone, start + _LAST_SECOND)
    if before == after:
        return zone.key, day, before, None, None
    return zone.key, day, before, (start + _first(zone, start, before)).replace(tzinfo=None), after


def _offset(zone: ZoneInfo, at: datetime) -> int:
    # datetime ends with the year 9999 in every zone.
    inside = min(max(at, _CALENDAR[0]), _CALENDAR[1])
    offset = inside.astimezone(zone).utcoffset()
    return int((offset or timedelta(0)).total_seconds())


def _first(zone: ZoneInfo, start: datetime, before: int) -> timedelta:
    """Seconds after `start` at which the offset stops being `before`."""
    low, high = 0, 24 * 3600 - 1
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(zone, start + timedelta(seconds=middle)) == before:
            low = middle
        else:
            high = middle
    return timedelta(seconds=high)


def zones_of_schools(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """Zones in use, UTC always."""
    return {"UTC"} | {
        row[0] for row in connection.execute("SELECT DISTINCT zone FROM raw.schools").fetchall()
    }


class ZoneDays:
    """Keeps raw.zone_days complete while zones and dates are met. One per batch."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._zones = {
            row[0] for row in connection.execute("SELECT DISTINCT zone FROM raw.zone_days").fetchall()
        }
        days = connection.execute("SELECT DISTINCT utc_date FROM raw.zone_days").fetchall()
        self._days: set[date] = {row[0] for row in days}
        self._is_checked = False

    def corrected(self) -> set[str]:
        """Rewrite rows that differ from today's time zone database, once a batch; return their zones."""
        if self._is_checked:
            return set()
        self._is_checked = True
        wrong = self._differing()
        for zone in wrong:
            self._connection.execute("DELETE FROM raw.zone_days WHERE zone = $1", [zone])
            self._insert([zone], self._days)
        return wrong

    def use(self, zones: Iterable[str]) -> None:
        """Cover these zones, on all dates so far."""
        new = set(zones) - self._zones
        self._insert(sorted(new), self._days)
        self._zones |= new

    def cover(self, days: Iterable[date]) -> None:
        """Cover these UTC dates (and two around each, and those between), in all zones so far."""
        new = _widened(set(days), self._days) - self._days
        self._insert(sorted(self._zones), new)
        self._days |= new

    def covers(self, days: Iterable[date]) -> bool:
        """Whether there is nothing to do for them; for any thread."""
        return _widened(set(days), self._days) <= self._days

    def _differing(self) -> set[str]:
        with registered(self._connection, "ingest_zone_days", _table(sorted(self._zones), self._days)):
            rows = self._connection.execute(
                "SELECT DISTINCT zone FROM "
                "(SELECT * FROM raw.zone_days EXCEPT SELECT * FROM ingest_zone_days)"
            ).fetchall()
        return {row[0] for row in rows}

    def _insert(self, zones: list[str], days: set[date]) -> None:
        if zones and days:
            with registered(self._connection, "ingest_zone_days", _table(zones, days)):
                self._connection.execute("INSERT INTO raw.zone_days SELECT * FROM ingest_zone_days")


def _widened(days: set[date], covered: set[date]) -> set[date]:
    wanted = {close for day in days for close in _around(day)}
    if wanted <= covered:
        return set()
    near = {day for day in wanted | covered if GAPLESS[0] <= day <= GAPLESS[1]}
    return wanted | (set(_range(min(near), max(near))) if near else set())


def _around(day: date) -> Iterator[date]:
    last = date.max.toordinal()
    numbers = range(day.toordinal() - MARGIN_DAYS, day.toordinal() + MARGIN_DAYS + 1)
    return (date.fromordinal(number) for number in numbers if 1 <= number <= last)


def _range(first: date, last: date) -> Iterator[date]:
    return (date.fromordinal(number) for number in range(first.toordinal(), last.toordinal() + 1))


def _table(zones: list[str], days: set[date]) -> pa.Table:
    rows = [zone_day(ZoneInfo(zone), day) for zone in zones for day in sorted(days)]
    columns = zip(*rows, strict=True) if rows else [[]] * len(_SCHEMA)
    return pa.table(
        [pa.array(column, field.type) for column, field in zip(columns, _SCHEMA, strict=True)], _SCHEMA
    )
