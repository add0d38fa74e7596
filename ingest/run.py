"""One batch: the operational PostgreSQL of this moment into `raw`."""

from __future__ import annotations

from datetime import UTC, datetime
from time import monotonic

import duckdb
import pyarrow as pa

from ingest.counts import count, unknown_zones
from ingest.inquiry import Inquiry
from ingest.keys import IsErased, Keys
from ingest.progress import Reporter, Silent
from ingest.report import BatchReport, TableReport
from ingest.tables import Batch, Loaded, load
from ingest.vanished import refuse_vanished
from ingest.warehouse import integer, quoted, registered, transaction
from ingest.zones import ZoneDays, known_zones


def ingest(
    connection: duckdb.DuckDBPyConnection,
    inquiry: Inquiry,
    *,
    as_of: datetime | None = None,
    allow_truncation: bool = False,
    report: Reporter | None = None,
    is_erased: IsErased | None = None,
) -> BatchReport:
    """Bring the schema `raw` of an open warehouse to the state of the source; create what is missing.

    All tables are read in one transaction, whose now() becomes as_of unless given (aware). Each table
    commits by itself; after an error or a kill the next call converges. Rows about people for whom
    `is_erased` holds (asked once per UUID that has no key) are left behind. Raises IngestError.
    """
    if as_of is not None and as_of.tzinfo is None:
        raise ValueError("as_of must say its time zone")
    started = monotonic()
    source = inquiry.source
    fingerprints = inquiry.ask(connection)
    if not allow_truncation:
        refuse_vanished(connection, inquiry.fits)
    moment = _naive(as_of or source.snapshot.now)
    before = _previous_as_of(connection)
    batch = Batch(
        connection=connection,
        source=source,
        horizons=inquiry.horizons,
        fingerprints=fingerprints,
        keys=Keys(connection, is_erased),
        zones=_zones(connection, [moment, *([before] if before else [])]),
        report=report or Silent(),
        batch_id=_new_batch(connection, moment, _naive(source.snapshot.now)),
        as_of=moment,
        source_now=_naive(source.snapshot.now),
        before=before,
        allow_truncation=allow_truncation,
    )
    loaded = [load(batch, fit) for fit in inquiry.fits]
    return _finish(batch, loaded, started)


def _naive(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)


def _previous_as_of(connection: duckdb.DuckDBPyConnection) -> datetime | None:
    row = connection.execute("SELECT as_of FROM raw.current_batch").fetchone()
    return row[0] if row else None


def _new_batch(connection: duckdb.DuckDBPyConnection, as_of: datetime, source_now: datetime) -> int:
    return integer(
        connection,
        "INSERT INTO raw.batches SELECT coalesce(max(batch_id), 0) + 1, $1, $2, $3, false FROM raw.batches "
        "RETURNING batch_id",
        [as_of, source_now, _naive(datetime.now(UTC))],
    )


def _zones(connection: duckdb.DuckDBPyConnection, moments: list[datetime]) -> ZoneDays:
    names = pa.table({"zone": sorted(known_zones())})
    with registered(connection, "ingest_zone_names", names):
        connection.execute(
            "CREATE OR REPLACE TEMP TABLE ingest_known_zones AS SELECT zone FROM ingest_zone_names"
        )
    zones = ZoneDays(connection)
    with transaction(connection):
        zones.use(["UTC"])
        zones.cover(moment.date() for moment in moments)
    return zones


def _finish(batch: Batch, loaded: list[Loaded], started: float) -> BatchReport:
    """Make the batch the current one."""
    connection = batch.connection
    with transaction(connection):
        connection.execute("DELETE FROM raw.current_batch")
        connection.execute("INSERT INTO raw.current_batch VALUES ($1, $2)", [batch.batch_id, batch.as_of])
        connection.execute("UPDATE raw.batches SET is_complete = true WHERE batch_id = $1", [batch.batch_id])
    _drop_working_tables(connection)
    touched = "SELECT count(*) FROM raw.touched_dates WHERE batch_id = $1"
    return BatchReport(
        batch_id=batch.batch_id,
        as_of=batch.as_of.replace(tzinfo=UTC),
        source_now=batch.source_now.replace(tzinfo=UTC),
        tables=tuple(_table_report(batch, table) for table in loaded),
        touched_dates=integer(connection, touched, [batch.batch_id]),
        missing_tables=tuple(table.fit.spec.name for table in loaded if table.fit.found is None),
        missing_columns=tuple(f"{t.fit.spec.name}.{name}" for t in loaded for name in t.fit.missing),
        ignored_columns=tuple(f"{t.fit.spec.name}.{name}" for t in loaded for name in t.fit.unknown),
        unknown_zones=unknown_zones(connection),
        seconds=monotonic() - started,
    )


def _table_report(batch: Batch, loaded: Loaded) -> TableReport:
    counts = count(batch.connection, loaded.fit.spec, batch.as_of)
    return TableReport(
        table=loaded.fit.spec.name,
        missing=loaded.fit.found is None,
        rows_read=loaded.rows_read,
        rows_inserted=loaded.changes.inserted,
        rows_updated=loaded.changes.updated,
        rows_deleted=loaded.changes.deleted,
        rows_total=counts.rows,
        orphans=counts.orphans,
        future=counts.future,
        late=loaded.late,
        seconds=round(loaded.seconds, 3),
    )


def _drop_working_tables(connection: duckdb.DuckDBPyConnection) -> None:
    sql = "SELECT table_name FROM duckdb_tables() WHERE temporary AND starts_with(table_name, 'ingest_')"
    for (name,) in connection.execute(sql).fetchall():
        connection.execute(f"DROP TABLE temp.{quoted(name)}")
