"""A result of POST /sql as a file in one of the formats of the marts. Runs in the worker process."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pyarrow as pa

from api.marts.formats import Format, Frame, encode

_BATCH_ROWS = 2_048
# NDJSON, CSV, Arrow and Parquet have no envelope.
_NO_FRAME = Frame(b"null", b"null")


class _Cut:
    """Batches until the rows or the bytes are used up; `is_truncated` is known once all are read."""

    def __init__(self, batches: Iterator[pa.RecordBatch], rows: int, size: int) -> None:
        self._batches = batches
        self._rows_left = rows
        self._bytes_left = size
        self.is_truncated = False

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        for batch in self._batches:
            self._bytes_left -= batch.nbytes
            self.is_truncated = batch.num_rows > self._rows_left or self._bytes_left < 0
            if self._bytes_left < 0:
                return
            yield batch.slice(0, self._rows_left)
            self._rows_left -= batch.num_rows
            if self.is_truncated:
                return


def result_file(
    relation: duckdb.DuckDBPyRelation, kind: Format, limit: int, largest_bytes: int
) -> tuple[bytes, bool]:
    """The first `limit` rows as bytes, and whether there were more of them or of their bytes."""
    reader = relation.limit(limit + 1).to_arrow_reader(_BATCH_ROWS)
    cut = _Cut(iter(reader), limit, largest_bytes)
    content = b"".join(encode(kind, pa.RecordBatchReader.from_batches(reader.schema, cut), _NO_FRAME))
    return content, cut.is_truncated
