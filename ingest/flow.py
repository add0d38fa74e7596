"""Chunk after chunk of rows as one Arrow stream, for a statement that reads them while others arrive."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

import pyarrow as pa

T = TypeVar("T")


class Flow(Generic[T]):
    """The rows of a first chunk and of those behind it, up to the first that `ready` gives None for.

    DuckDB reads the stream in threads of its own; what goes wrong in them would reach us as its error.
    """

    def __init__(
        self, first: pa.Table, chunks: Iterator[T], ready: Callable[[T], pa.Table | None], threads: int
    ) -> None:
        self._schema, self._chunks, self._ready = first.schema, chunks, ready
        # One in the hands of each thread, and one on its way.
        self._recent = deque([first], maxlen=threads + 1)
        self.held_back: T | None = None
        self.error: BaseException | None = None

    def reader(self) -> pa.RecordBatchReader:
        """The stream; ends at an error, which is in `error` then."""
        return pa.RecordBatchReader.from_batches(self._schema, self._batches())

    def recent(self) -> pa.Table:
        """The rows that may be at work."""
        return pa.concat_tables(self._recent)

    def _batches(self) -> Iterator[pa.RecordBatch]:
        yield from self._recent[0].to_batches()
        try:
            yield from self._others()
        except (Exception, KeyboardInterrupt, SystemExit) as error:
            self.error = error

    def _others(self) -> Iterator[pa.RecordBatch]:
        for chunk in self._chunks:
            rows = self._ready(chunk)
            if rows is None:
                self.held_back = chunk
                return
            del chunk  # or it would be held until the next one is asked for
            self._recent.append(rows)
            yield from rows.to_batches()
