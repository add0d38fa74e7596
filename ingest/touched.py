"""Where events changed: raw.touched_dates and raw.pending_dates, and per person raw.pending_days."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import duckdb

from ingest.columns import TableSpec
from ingest.specs import TABLES
from ingest.warehouse import integer, quoted
from ingest.zones import LOCAL_DATE


def is_event_stream(spec: TableSpec) -> bool:
    """Whether rows of this table have a local date."""
    return any(column.derived == "local_date" for column in spec.columns)


STREAM = next(spec for spec in TABLES if is_event_stream(spec))
_RAW = f"raw.{quoted(STREAM.name)}"


def touch(
    connection: duckdb.DuckDBPyConnection, batch_id: int, days: str, values: Sequence[object] = ()
) -> None:
    """Note the days that the query `days` gives (user_key, local_date; NULL and known ones are left out)."""
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE ingest_days AS SELECT DISTINCT user_key, local_date FROM ({days}) "
        "AS found (user_key, local_date) WHERE local_date IS NOT NULL",
        list(values),
    )
    connection.execute(
        "INSERT INTO raw.pending_days SELECT user_key, local_date FROM ingest_days "
        "EXCEPT SELECT user_key, local_date FROM raw.pending_days"
    )
    touch_dates(connection, batch_id, "SELECT local_date FROM ingest_days")


def touch_dates(connection: duckdb.DuckDBPyConnection, batch_id: int, dates: str) -> None:
    """Note the dates only: enough for a first batch, after which everything is built."""
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE ingest_dates AS SELECT DISTINCT local_date "
        f"FROM ({dates}) AS found (local_date) WHERE local_date IS NOT NULL"
    )
    connection.execute(
        "INSERT INTO raw.touched_dates SELECT $1, local_date FROM ingest_dates WHERE local_date NOT IN "
        "(SELECT local_date FROM raw.touched_dates WHERE batch_id = $1)",
        [batch_id],
    )
    connection.execute(
        "INSERT INTO raw.pending_dates SELECT local_date FROM ingest_dates "
        "WHERE local_date NOT IN (SELECT local_date FROM raw.pending_dates)"
    )


def touch_passed(
    connection: duckdb.DuckDBPyConnection, batch_id: int, before: datetime | None, now: datetime
) -> None:
    """Dates of events between the previous as_of and this one, whichever is later: they enter or leave."""
    if before is not None:
        sql = f"SELECT user_key, local_date FROM {_RAW} WHERE created_at > $1 AND created_at <= $2"
        touch(connection, batch_id, sql, sorted((before, now)))


def move_events(connection: duckdb.DuckDBPyConnection, batch_id: int, column: str) -> None:
    """Find the local date of events whose `column` is in ingest_changed again; touch old and new dates."""
    local_date = LOCAL_DATE.format(at="event.created_at", day="zone_day")
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE ingest_moved AS
        SELECT event.*, event.rowid AS row_id, {local_date} AS new_date
        FROM {_RAW} AS event
        JOIN ingest_changed AS changed ON changed.key = event.{quoted(column)}
        LEFT JOIN ingest_people AS person ON person.user_key = event.user_key
        LEFT JOIN raw.zone_days AS zone_day ON zone_day.zone = coalesce(person.zone, 'UTC')
            AND zone_day.utc_date = CAST(event.created_at AS DATE)""")
    moves = "FROM ingest_moved WHERE new_date <> local_date"
    if integer(connection, f"SELECT count(*) {moves}"):
        # Replaced, not updated: DuckDB would write the whole column anew wherever a value of it changes.
        connection.execute(f"DELETE FROM {_RAW} WHERE rowid IN (SELECT row_id {moves})")
        connection.execute(
            f"INSERT INTO {_RAW} SELECT * EXCLUDE (row_id, new_date) "
            f"REPLACE (new_date AS local_date, $1 AS batch_id) {moves}",
            [batch_id],
        )
    dates = "SELECT user_key, local_date FROM ingest_moved UNION SELECT user_key, new_date FROM ingest_moved"
    touch(connection, batch_id, dates)
