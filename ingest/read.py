"""Rows of a source table as Arrow batches; large tables by two readers, block range by block range.

Whatever can be done to a batch without the warehouse is done by its reader: the thread that writes is the one
that the others wait for.
"""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from threading import Event, Thread
from typing import Generic, TypeVar

import pyarrow as pa

from ingest.catalog import SourceTable
from ingest.columns import Column, Kind
from ingest.packed import Packing
from ingest.schema import TableFit
from ingest.source import Source
from ingest.warehouse import quoted

READERS = 2
PARALLEL_PAGES = 8192
Settings = Mapping[str, str]
T = TypeVar("T")
Each = Callable[[pa.RecordBatch], T]
_LAST_PAGE = 2**32 - 1


def read(
    source: Source, fit: TableFit, each: Each[T], clause: str = "", settings: Settings | None = None
) -> Iterator[T]:
    """`each` of the batches: the columns of the spec that the source has, named as there.

    `clause` follows FROM <table>. `each` may run in two threads at once.
    """
    if fit.found is None:
        return iter(())
    columns = [column for column in fit.spec.source_columns.values() if fit.has(column)]
    if not clause and fit.found.pages > PARALLEL_PAGES and source.snapshot.name:
        return _packed(source, fit.found, columns, each)
    sql = f"SELECT {', '.join(map(_selected, columns))} FROM {quoted(fit.found.name)} {clause}"
    return _alone(source, sql, settings, each)


def read_columns(source: Source, fit: TableFit, columns: Sequence[Column]) -> Iterator[pa.RecordBatch]:
    """These columns of all rows, named as in raw, on this very connection."""
    if fit.found is None:
        return iter(())
    listed = ", ".join(f"{quoted(column.source)} AS {quoted(column.name)}" for column in columns)
    return map(_plain, source.batches(f"SELECT {listed} FROM {quoted(fit.found.name)}"))


def _selected(column: Column) -> str:
    name = quoted(column.source)
    # char(n) loses its padding, enums become text.
    return f"{name}::text AS {name}" if column.kind is Kind.TEXT else name


def _alone(source: Source, sql: str, settings: Settings | None, each: Each[T]) -> Iterator[T]:
    with source.fresh() as own:
        for batch in own.batches(sql, settings):
            yield each(_plain(batch))


def _packed(source: Source, table: SourceTable, columns: Sequence[Column], each: Each[T]) -> Iterator[T]:
    packing = Packing(table.name, [table.columns[column.source] for column in columns])
    return _parallel(source, packing.sql(), _slices(table.pages), lambda batch: each(packing.opened(batch)))


def _slices(pages: int) -> list[Settings]:
    """One range of pages for each reader; the last one is open, as the table may have been rewritten."""
    bounds = [pages * number // READERS for number in range(READERS + 1)]
    ends = [*bounds[1:-1], _LAST_PAGE]
    return [
        {"first": str(first), "last": str(last), "end": str(end)}
        for (first, last), end in zip(pairwise(bounds), ends, strict=True)
    ]


def _parallel(source: Source, sql: str, slices: list[Settings], each: Each[T]) -> Iterator[T]:
    """`each` of the batches of all slices, in no order; an error of any reader is raised here."""
    feed = _Feed(source, sql, each)
    readers = [Thread(target=feed.fill, args=(part,), daemon=True) for part in slices]
    for reader in readers:
        reader.start()
    try:
        yield from feed.drain(len(readers))
    finally:
        feed.stop.set()
        for reader in readers:
            reader.join()


class _Feed(Generic[T]):
    """A short queue between the readers and the writer: it bounds the memory."""

    def __init__(self, source: Source, sql: str, each: Each[T]) -> None:
        self.stop = Event()
        self._source, self._sql, self._each = source, sql, each
        self._queue: queue.Queue[T | BaseException | None] = queue.Queue(maxsize=1)

    def fill(self, settings: Settings) -> None:
        """Read one slice; None marks its end."""
        try:
            with self._source.fresh() as own:
                self._copy(own, settings)
            self._put(None)
        except BaseException as error:
            self._put(error)

    def _copy(self, own: Source, settings: Settings) -> None:
        own.leave_reading_ahead()
        for batch in own.batches(self._sql, settings):
            item = self._each(batch)
            del batch  # or it would be held while the queue is full
            if not self._put(item):
                return

    def _put(self, item: T | BaseException | None) -> bool:
        while not self.stop.is_set():
            try:
                self._queue.put(item, timeout=0.1)
            except queue.Full:
                continue
            return True
        return False

    def drain(self, readers: int) -> Iterator[T]:
        """What was put, until every reader has ended."""
        while readers:
            item = self._queue.get()
            if isinstance(item, BaseException):
                raise item
            if item is None:
                readers -= 1
            else:
                # Out of a list that it leaves: the name would hold it until the next one is there.
                items = [item]
                del item
                yield items.pop()


def _plain(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Timestamps as naive UTC, UUIDs as Arrow's own type and numeric as the text it arrives as."""
    arrays = [_plain_array(array) for array in batch.columns]
    return pa.RecordBatch.from_arrays(arrays, names=batch.schema.names)


def _plain_array(array: pa.Array) -> pa.Array:
    if isinstance(array.type, pa.OpaqueType):
        return _opened(array)
    if pa.types.is_timestamp(array.type):
        return array.cast(pa.timestamp("us"))
    return array


def _opened(array: pa.Array) -> pa.Array:
    """An array of a type that the driver has no Arrow type for."""
    if array.type.type_name == "uuid":
        return pa.ExtensionArray.from_storage(pa.uuid(), array.storage.cast(pa.binary(16)))
    return array.storage
