"""Local dates in numpy say what zoneinfo says."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa

from ingest.layout import create_raw
from ingest.local_dates import LocalDates
from ingest.warehouse import registered
from ingest.zones import ZoneDays

ZONES = ["UTC", "Europe/Copenhagen", "Pacific/Apia", "America/New_York", "Australia/Lord_Howe"]
STRANGER = 99


def test_dates_are_those_of_the_zone() -> None:
    """Guards against a day lost or doubled where clocks change, for strangers, and before 1970."""
    moments = [
        start + timedelta(minutes=step)
        for start in (datetime(2026, 3, 28, tzinfo=UTC), datetime(2026, 10, 24, tzinfo=UTC))
        for step in range(0, 3 * 24 * 60, 7)
    ] + [datetime(2011, 12, 30, 9, 59, 59, 999_999, tzinfo=UTC), datetime(1969, 12, 31, 23, 0, tzinfo=UTC)]
    with duckdb.connect() as connection:
        dates = _local_dates(connection, {moment.date() for moment in moments})
        for user, zone in [*enumerate(ZONES, start=1), (STRANGER, "UTC"), (None, "UTC")]:
            found = dates.of(
                pa.array([user] * len(moments), pa.int32()),
                pa.array([moment.replace(tzinfo=None) for moment in moments], pa.timestamp("us")),
            )
            assert found.to_pylist() == [moment.astimezone(ZoneInfo(zone)).date() for moment in moments]


def test_days_that_are_covered_later_are_known() -> None:
    """Guards against dates by the days of the first chunk: a later chunk may hold others."""
    with duckdb.connect() as connection:
        dates = _local_dates(connection, {date(2026, 1, 1)})
        zones = ZoneDays(connection)
        for year in (9000, 5000):
            zones.cover([date(year, 1, 1)])
            late = pa.array([datetime(year, 1, 1, 23, tzinfo=UTC)]).cast(pa.timestamp("us"))
            assert dates.of(pa.array([3], pa.int32()), late).to_pylist() == [date(year, 1, 2)]


def _local_dates(connection: duckdb.DuckDBPyConnection, days: set[date]) -> LocalDates:
    create_raw(connection)
    zones = ZoneDays(connection)
    zones.use(ZONES)
    zones.cover(days)
    people = pa.table({"user_key": pa.array(range(1, len(ZONES) + 1), pa.int32()), "zone": ZONES})
    with registered(connection, "people", people):
        connection.execute(
            "CREATE TEMP TABLE ingest_people AS SELECT user_key, 0 AS school_key, zone FROM people"
        )
    return LocalDates(connection)


def test_what_was_registered_is_let_go_inside_a_transaction() -> None:
    """Guards against memory that grows with the table: a transaction keeps dropped views to its end."""
    with duckdb.connect() as connection:
        connection.begin()
        connection.execute("CREATE TABLE numbers (number BIGINT)")
        before = pa.total_allocated_bytes()
        for _ in range(20):
            chunk = pa.table({"number": pa.array(range(100_000), pa.int64())})
            with registered(connection, "chunk", chunk):
                connection.execute("INSERT INTO numbers SELECT number FROM chunk")
            del chunk
        grown = pa.total_allocated_bytes() - before
        connection.commit()
        assert connection.execute("SELECT count(*) FROM numbers").fetchall() == [(2_000_000,)]
    assert grown < 1_000_000
