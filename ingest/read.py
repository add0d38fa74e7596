"""Rows of a source table as Arrow batches; large tables by two readers, block range by block range."""

from __future__ import annotations

import queue
from collections import deque
from collections.abc import Iterator, Mapping
from threading import Event, Thread

import pyarrow as pa

from ingest.columns import Column, Kind
from ingest.schema import TableFit
from ingest.source import Source
from ingest.warehouse import quoted

READERS = 2
PAGES_PER_SLICE = 8192
CHUNK_ROWS = 250_000
Settings = Mapping[str, str]
_SLICE = (
    "ctid >= current_setting('schoolhouse.first')::tid AND ctid < current_setting('schoolhouse.end')::tid"
)
_LAST_PAGE = 2**32 - 1


def read(
    source: Source, fit: TableFit, clause: str = "", settings: Settings | None = None
) -> Iterator[pa.RecordBatch]:
    """The columns of the spec that the source has, named as there; `clause` follows FROM <table>."""
    if fit.found is None:
        return iter(())
    sql = f"SELECT {_select_list(fit)} FROM {quoted(fit.found.name)}"
    if not clause and fit.found.pages > PAGES_PER_SLICE and source.snapshot.name:
        return _joined(_plain(_parallel(source, f"{sql} WHERE {_SLICE}", _slices(fit.found.pages))))
    return _joined(_plain(source.batches(f"{sql} {clause}", settings)))


def _select_list(fit: TableFit) -> str:
    columns = [column for column in fit.spec.source_columns.values() if fit.has(column)]
    return ", ".join(_selected(column) for column in columns)


def _selected(column: Column) -> str:
    name = quoted(column.source)
    # char(n) loses its padding, enums become text.
    return f"{name}::text AS {name}" if column.kind is Kind.TEXT else name


def _slices(pages: int) -> list[Settings]:
    starts = range(0, pages, PAGES_PER_SLICE)
    ends = [*starts[1:], _LAST_PAGE]
    return [{"first": f"({start},0)", "end": f"({end},0)"} for start, end in zip(starts, ends, strict=True)]


def _parallel(source: Source, sql: str, slices: list[Settings]) -> Iterator[pa.RecordBatch]:
    """Batches of all slices, in no order; an error of any reader is raised here."""
    feed = _Feed(source, sql, slices)
    readers = [Thread(target=feed.fill, daemon=True) for _ in range(READERS)]
    for reader in readers:
        reader.start()
    try:
        yield from feed.drain(len(readers))
    finally:
        feed.stop.set()
        for reader in readers:
            reader.join()


class _Feed:
    """A short queue between the readers and the writer: it bounds the memory."""

    def __init__(self, source: Source, sql: str, slices: list[Settings]) -> None:
        self.stop = Event()
        self._source, self._sql = source, sql
        self._slices = deque(slices)
        self._queue: queue.Queue[pa.RecordBatch | BaseException | None] = queue.Queue(maxsize=READERS)

    def fill(self) -> None:
        """Read slices until none is left; None marks the end of a reader."""
        try:
            with self._source.share() as own:
                while self._slices and not self.stop.is_set():
                    self._copy(own)
            self._put(None)
        except BaseException as error:
            self._put(error)

    def _copy(self, own: Source) -> None:
        try:
            settings = self._slices.popleft()
        except IndexError:
            return
        for batch in own.batches(self._sql, settings):
            if not self._put(batch):
                return

    def _put(self, item: pa.RecordBatch | BaseException | None) -> bool:
        while not self.stop.is_set():
            try:
                self._queue.put(item, timeout=0.1)
            except queue.Full:
                continue
            return True
        return False

    def drain(self, readers: int) -> Iterator[pa.RecordBatch]:
        """Batches until every reader has ended."""
        while readers:
            item = self._queue.get()
            if isinstance(item, BaseException):
                raise item
            if item is None:
                readers -= 1
            else:
                yield item


def _joined(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Batches of at least CHUNK_ROWS rows: each costs a few statements at the warehouse."""
    waiting: list[pa.RecordBatch] = []
    for batch in batches:
        waiting.append(batch)
        if sum(held.num_rows for held in waiting) >= CHUNK_ROWS:
            yield pa.concat_batches(waiting)
            waiting = []
    if waiting:
        yield pa.concat_batches(waiting)


def _plain(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Timestamps as naive UTC and numeric as the text it arrives as."""
    for batch in batches:
        arrays = [_plain_array(array) for array in batch.columns]
        yield pa.RecordBatch.from_arrays(arrays, names=batch.schema.names)


def _plain_array(array: pa.Array) -> pa.Array:
    if isinstance(array.type, pa.OpaqueType):
        return array.storage
    if pa.types.is_timestamp(array.type):
        return array.cast(pa.timestamp("us"))
    return array
