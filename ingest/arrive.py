"""Arrow batches of one source table -> rows of its raw table (or of a stage of the same shape)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from ingest import withheld
from ingest.columns import Column, Forget, Kind
from ingest.errors import ValueRefusedError
from ingest.flow import Flow
from ingest.keys import Keys
from ingest.local_dates import LocalDates
from ingest.schema import TableFit
from ingest.warehouse import integer, listed, quoted, registered
from ingest.zones import GAPLESS, ZoneDays

_EPOCH = date(1970, 1, 1)
_DAY = 24 * 3600 * 1_000_000
# Of kinds that a value may be too large for: the types whose values all fit.
_SURE: dict[Kind, tuple[pa.DataType, ...]] = {
    Kind.INTEGER: (pa.int16(), pa.int32()),
    Kind.BIGINT: (pa.int16(), pa.int32(), pa.int64()),
    Kind.PERCENT: (),
}
_FIRST, _LAST = (date.min - _EPOCH).days, (date.max - _EPOCH).days


@dataclass(frozen=True)
class Chunk:
    """Rows on their way, and what is known already of the columns of raw that are not in them as such."""

    batch: pa.RecordBatch
    known: dict[str, pa.Array | None]


class Arrival:
    """Writes batches of one table. Raises ValueRefusedError for what raw cannot hold exactly."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, fit: TableFit, keys: Keys, zones: ZoneDays
    ) -> None:
        self._connection, self._fit, self._keys, self._zones = connection, fit, keys, zones
        self._dated = [column for column in self._present() if column.derived == "local_date"]
        if self._dated:
            self._local_dates = LocalDates(connection)

    def prepare(self, batch: pa.RecordBatch) -> Chunk:
        """What can be done in any thread, while other rows are being written."""
        known: dict[str, pa.Array | None] = {
            column.name: self._keys.known(column.entity, batch.column(column.source))
            for column in self._present()
            if column.entity
        }
        for column in self._dated:
            users, moments = known["user_key"], batch.column(column.source)
            is_dated = users is not None and moments.null_count == 0
            known[column.name] = self._local_dates.known(users, moments) if is_dated else None
        return Chunk(batch, known)

    def write(self, chunks: Iterator[Chunk], target: str, batch_id: int | None = None) -> None:
        """Insert all chunks into `target`, with batch_id as last column if given.

        One statement takes chunk after chunk, so that all threads of DuckDB have work, until one comes for
        which the warehouse must be asked or written to first.
        """
        chunk = next(chunks, None)
        while chunk is not None:
            flow = Flow(self._met(chunk), chunks, self._ready)
            with registered(self._connection, "ingest_chunk", flow.reader()):
                self._insert(target, batch_id, flow)
            chunk = flow.held_back

    def _met(self, chunk: Chunk) -> pa.Table:
        """The rows of a chunk as raw has them, after all that is new in them has been written down."""
        self._refuse_nulls(chunk.batch)
        self._zones.cover(self._days(chunk.batch))
        rows = self._keyed(chunk)
        return self._without_erased(rows, chunk.batch) if len(self._keys.erased) else rows

    def _ready(self, chunk: Chunk) -> pa.Table | None:
        """The same if nothing is new and every value sure to fit, else None."""
        if len(self._keys.erased) or None in chunk.known.values() or not self._fits(chunk.batch):
            return None
        self._refuse_nulls(chunk.batch)
        return self._keyed(chunk) if self._zones.covers(self._days(chunk.batch)) else None

    def _fits(self, batch: pa.RecordBatch) -> bool:
        """Whether raw can hold any value of these types; if not, a chunk of its own tells which it cannot."""
        sure = [(_SURE.get(column.kind), batch.column(column.source).type) for column in self._read()]
        return all(types is None or found in types for types, found in sure)

    def _refuse_nulls(self, batch: pa.RecordBatch) -> None:
        for column in self._read():
            nulls = batch.column(column.source).null_count if column.required else 0
            if nulls:
                raise ValueRefusedError(self._fit.spec.name, column.source, f"NULL in {nulls} rows")

    def _days(self, batch: pa.RecordBatch) -> set[date]:
        """First and last UTC date of each column of moments, and those between where dates may have gaps."""
        days: set[date] = set()
        for column in self._read():
            if column.kind in (Kind.TIMESTAMP, Kind.DATE):
                found = self._days_of(column, batch.column(column.source))
                days |= found if column.kind is Kind.TIMESTAMP else set()
        return days

    def _days_of(self, column: Column, array: pa.Array) -> set[date]:
        unit = _DAY if column.kind is Kind.TIMESTAMP else 1
        whole = array.cast(pa.int64() if unit == _DAY else pa.int32())
        ends = pc.min_max(whole).as_py()
        if ends["min"] is None:
            return set()
        first, last = ends["min"] // unit, ends["max"] // unit
        if first < _FIRST or last > _LAST:
            # PostgreSQL's infinity arrives as a moment before the year 1.
            why = "a value is infinite or outside the years 1 to 9999"
            raise ValueRefusedError(self._fit.spec.name, column.source, why)
        days = {_EPOCH + timedelta(days=first), _EPOCH + timedelta(days=last)}
        if all(GAPLESS[0] <= day <= GAPLESS[1] for day in days):
            return days
        # Division rounds towards 1970, at most one day off: within the margin that is covered anyway.
        numbers = pc.unique(pc.divide(whole.drop_null(), unit)).to_pylist()
        return {_EPOCH + timedelta(days=number) for number in numbers}

    def _keyed(self, chunk: Chunk) -> pa.Table:
        """The rows with the names of raw and keys for UUIDs of entities."""
        columns = {column.name: self._value(column, chunk) for column in self._present()}
        for column in self._dated:
            if chunk.known[column.name] is None:
                columns[column.name] = self._local_dates.of(columns["user_key"], columns[column.name])
        return pa.table(columns)

    def _value(self, column: Column, chunk: Chunk) -> pa.Array:
        known, read = chunk.known.get(column.name), chunk.batch.column(column.source)
        if known is not None:
            return known
        return self._keys.numbers(column.entity, read) if column.entity else read

    def _without_erased(self, chunk: pa.Table, batch: pa.RecordBatch) -> pa.Table:
        """The rows that are not about erased people; the others are counted."""
        is_erased = pa.repeat(pa.scalar(False), batch.num_rows)
        for column in self._present():
            if column.forget is Forget.DELETE:
                ids = batch.column(column.source).storage
                is_erased = pc.or_(is_erased, pc.is_in(ids, value_set=self._keys.erased))
        with registered(self._connection, "ingest_chunk", chunk.filter(is_erased)):
            withheld.add(self._connection, self._fit.spec)
        return chunk.filter(pc.invert(is_erased))

    def _insert(self, target: str, batch_id: int | None, flow: Flow[Chunk]) -> None:
        names = [*self._fit.spec.names, *(["batch_id"] if batch_id is not None else [])]
        values = ", ".join(self._expression(column) for column in self._fit.spec.columns)
        values += f", {batch_id:d}" if batch_id is not None else ""
        rows = f"SELECT {values} FROM ingest_chunk AS chunk {self._joins()}"
        try:
            self._connection.execute(f"INSERT INTO {target} ({listed(names)}) {rows}")
        except (duckdb.ConversionException, duckdb.OutOfRangeException, duckdb.InvalidInputException):
            # DuckDB's own message quotes the value.
            raise self._refused(flow) from None
        if flow.error:
            raise flow.error

    def _expression(self, column: Column) -> str:
        default = "NULL" if column.default is None else str(column.default)
        if not self._fit.has(column):
            return default
        value = f"chunk.{quoted(column.name)}"
        if column.derived == "zone":
            return "coalesce(known_zone.zone, 'UTC')"
        value = f"CAST({value} AS {column.raw_type})"
        return value if column.default is None else f"coalesce({value}, {default})"

    def _joins(self) -> str:
        return _ZONE if any(column.derived == "zone" for column in self._present()) else ""

    def _refused(self, flow: Flow[Chunk]) -> ValueRefusedError:
        """Which column it was. Asked on a connection of its own: the transaction is over."""
        with self._connection.cursor() as own, registered(own, "ingest_refused", flow.first):
            for column in self._present():
                value, kind = quoted(column.name), column.raw_type
                bad = f"{value} IS NOT NULL AND TRY_CAST({value} AS {kind}) IS NULL"
                rows = integer(own, f"SELECT count(*) FROM ingest_refused WHERE {bad}")
                if rows:
                    why = f"{rows} values do not fit {kind}"
                    return ValueRefusedError(self._fit.spec.name, column.source, why)
        return ValueRefusedError(self._fit.spec.name, "*", "a value cannot be kept")

    def _present(self) -> list[Column]:
        return [column for column in self._fit.spec.columns if self._fit.has(column)]

    def _read(self) -> list[Column]:
        """One raw column for each column of the batch."""
        return [column for column in self._fit.spec.source_columns.values() if self._fit.has(column)]


_ZONE = "LEFT JOIN ingest_known_zones AS known_zone ON known_zone.zone = chunk.zone"
