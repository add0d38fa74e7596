"""One table of one batch: rows, watermark and touched dates in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from time import monotonic

import duckdb

from ingest import withheld
from ingest.arrive import Arrival, Chunk
from ingest.blocks import block_of, in_blocks
from ingest.changes import Changes, apply_stage, create_stage, refuse_duplicates
from ingest.counts import late_rows
from ingest.errors import TruncationError
from ingest.fingerprints import Fingerprints
from ingest.horizons import Horizons
from ingest.keys import Keys
from ingest.places import following
from ingest.progress import Reporter
from ingest.read import Settings, read
from ingest.schema import TableFit
from ingest.source import Source
from ingest.touched import is_event_stream, touch, touch_dates, touch_passed
from ingest.touched_people import touch_passed_people, touch_people_of
from ingest.warehouse import integer, quoted, transaction
from ingest.watermarks import since, store_watermark
from ingest.zones import ZoneDays, zones_of_schools

GUARDED_ROWS = 100
GUARDED_SHARE = 0.5


@dataclass(frozen=True)
class Batch:
    """What all tables of a batch share. Times are naive UTC; `before` is the previous batch's as_of."""

    connection: duckdb.DuckDBPyConnection
    source: Source
    horizons: Horizons
    fingerprints: Fingerprints
    keys: Keys
    zones: ZoneDays
    report: Reporter
    batch_id: int
    as_of: datetime
    source_now: datetime
    before: datetime | None
    allow_truncation: bool


@dataclass(frozen=True)
class Loaded:
    """Outcome of one table."""

    fit: TableFit
    rows_read: int
    changes: Changes
    late: int
    seconds: float


def load(batch: Batch, fit: TableFit) -> Loaded:
    """Bring one raw table to the state of the source. Raises IngestError, leaving the table as it was."""
    started = monotonic()
    known = batch.keys.known_before["users" if fit.spec.moves == "user_key" else "lessons"]
    with transaction(batch.connection):
        corrected = batch.zones.corrected() if fit.spec.moves == "user_key" else set()
        with following(batch.connection, batch.batch_id, fit.spec.moves, known, corrected):
            table = _Table(batch, fit)
            table.load()
            batch.zones.use(zones_of_schools(batch.connection))
        if is_event_stream(fit.spec):
            touch_passed(batch.connection, batch.batch_id, batch.before, batch.as_of)
        touch_passed_people(batch.connection, fit.spec, batch.before, batch.as_of)
        store_watermark(batch.connection, fit.spec, batch.batch_id, batch.source_now)
        batch.horizons.store(batch.connection, fit, batch.batch_id)
        batch.keys.store(batch.batch_id)
    loaded = Loaded(fit, table.rows_read, table.changes, table.late, monotonic() - started)
    batch.report.finish(fit.spec.name, _line(loaded))
    return loaded


class _Table:
    """Reads what may have changed and applies it, by the mode of the spec."""

    def __init__(self, batch: Batch, fit: TableFit) -> None:
        self._batch, self._fit, self._spec = batch, fit, fit.spec
        self._connection = batch.connection
        self._raw = f"raw.{quoted(fit.spec.name)}"
        self.rows_read = 0
        self.changes = Changes()
        self.late = 0

    def load(self) -> None:
        """Choose the cheapest way that is exact."""
        rows = integer(self._connection, f"SELECT count(*) FROM {self._raw}")
        if rows == 0:
            self._copy()
        elif self._spec in self._batch.fingerprints:
            self._follow_blocks()
        else:
            self._follow("true")
            withheld.store(self._connection, self._spec)
        self._guard(rows)

    def _copy(self) -> None:
        """First time: straight into the raw table."""
        self._write(self._raw, self._batch.batch_id)
        unique = {self._spec.column(name).source for name in self._spec.key}
        if self._fit.found and not self._fit.found.is_unique(unique):
            refuse_duplicates(self._connection, self._spec, self._raw)
        withheld.store(self._connection, self._spec)
        rows = integer(self._connection, f"SELECT count(*) FROM {self._raw}")
        self.changes = Changes(inserted=rows)
        self._note(self._raw, self._raw)

    def _follow_new(self) -> set[int]:
        """Apply what was written since the last batch; blocks that counts alone can no longer judge."""
        condition = self._batch.horizons.since(self._connection, self._fit)
        if condition is None:
            # By the cursor, which may miss some: then blocks are compared by more than their counts.
            self._follow("false", *since(self._connection, self._spec))
            return set()
        self._follow("false", *condition)
        return set(withheld.blocks(self._connection))

    def _follow_blocks(self) -> None:
        """Read blocks again: with what is new in them, or, where that is scattered, after it."""
        fingerprints = self._batch.fingerprints
        blocks = fingerprints.holding_new(self._connection, self._spec)
        if blocks is None:
            doubtful = self._follow_new()
            blocks = sorted(doubtful.union(fingerprints.differing(self._connection, self._spec)))
        if blocks:
            clause, settings = in_blocks(self._connection, self._fit, blocks)
            scope = f"{block_of(self._spec)} IN (SELECT unnest($1::BIGINT[]))"
            self._follow(scope, clause, settings, [blocks])
            withheld.store(self._connection, self._spec, blocks)

    def _follow(
        self,
        scope: str,
        clause: str = "",
        settings: Settings | None = None,
        values: Sequence[object] = (),
    ) -> None:
        stage = create_stage(self._connection, self._spec)
        self._write(stage, None, clause, settings)
        refuse_duplicates(self._connection, self._spec, stage)
        self.changes += apply_stage(self._connection, self._spec, self._batch.batch_id, scope, values)
        self._note("(SELECT * FROM ingest_fresh WHERE is_new)", "ingest_fresh", "ingest_doomed")

    def _write(
        self, target: str, batch_id: int | None, clause: str = "", settings: Settings | None = None
    ) -> None:
        withheld.clear(self._connection)
        arrival = Arrival(self._connection, self._fit, self._batch.keys, self._batch.zones)
        expected = self._fit.found.rows_estimate if self._fit.found and batch_id is not None else None

        def counted(chunk: Chunk) -> Chunk:
            self.rows_read += chunk.batch.num_rows
            self._batch.report.advance(self._spec.name, self.rows_read, expected)
            return chunk

        chunks = read(self._batch.source, self._fit, arrival.prepare, clause, settings)
        # map() holds no chunk while the next one is awaited.
        arrival.write(map(counted, chunks), target, batch_id)

    def _note(self, inserted: str, fresh: str, doomed: str | None = None) -> None:
        """Count late rows; touch the days of the event stream, and whose progress and attempts change."""
        if self._batch.before is not None and self._spec.happened_at:
            self.late += late_rows(self._connection, self._spec, inserted, self._batch.before)
        if self._batch.before is not None:
            touch_people_of(self._connection, self._spec, fresh, doomed)
        if is_event_stream(self._spec):
            sides = [side for side in (fresh, doomed) if side]
            self._touch(" UNION ALL ".join(f"SELECT user_key, local_date FROM {side}" for side in sides))

    def _touch(self, days: str) -> None:
        if self._batch.before is None:
            touch_dates(self._connection, self._batch.batch_id, f"SELECT local_date FROM ({days})")
        else:
            touch(self._connection, self._batch.batch_id, days)

    def _guard(self, rows: int) -> None:
        lost = self.changes.deleted
        if rows >= GUARDED_ROWS and lost > GUARDED_SHARE * rows and not self._batch.allow_truncation:
            raise TruncationError(self._spec.name, rows, lost)


def _line(loaded: Loaded) -> str:
    if loaded.fit.found is None:
        return "not at the source"
    changes = loaded.changes
    return (
        f"{loaded.rows_read:,} rows read, {changes.inserted:,} new, {changes.updated:,} changed, "
        f"{changes.deleted:,} gone, {loaded.seconds:.1f} s"
    )
