"""Chunk after chunk of rows as one Arrow stream, for a statement that reads them while others arrive."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

import pyarrow as pa

T = TypeVar("T")


class Flow(Generic[T]):
    """The rows of a first chunk and of those behind it, up to the first that `ready` gives None for.

    DuckDB reads the stream in threads of its own; what goes wrong in them would reach us as its error.
    """

    def __init__(self, first: pa.Table, chunks: Iterator[T], ready: Callable[[T], pa.Table | None]) -> None:
        self.first = first
        self._chunks, self._ready = chunks, ready
        self.held_back: T | None = None
        self.error: BaseException | None = None

    def reader(self) -> pa.RecordBatchReader:
        """The stream; ends at an error, which is in `error` then."""
        return pa.RecordBatchReader.from_batches(self.first.schema, self._batches())

    def _batches(self) -> Iterator[pa.RecordBatch]:
        yield from self.first.to_batches()
        try:
            for chunk in self._chunks:
                rows = self._ready(chunk)
                if rows is None:
                    self.held_back = chunk
                    return
                del chunk  # or it would be held until the next one is asked for
                yield from rows.to_batches()
        except (Exception, KeyboardInterrupt, SystemExit) as error:
            self.error = error
