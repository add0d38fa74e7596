"""Arrow batches in five formats, chunk by chunk: the same rows and values in each.

Text formats write timestamps with the offset Z and dates as YYYY-MM-DD; Arrow and Parquet carry types.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from api.respond import dumps


class Format(StrEnum):
    """The formats by the name that `?format=` takes."""

    JSON = "json"
    NDJSON = "ndjson"
    CSV = "csv"
    ARROW = "arrow"
    PARQUET = "parquet"


@dataclass(frozen=True)
class Frame:
    """What the JSON envelope says around the rows."""

    meta: bytes
    page: bytes


MEDIA_TYPES = {
    Format.JSON: "application/json",
    Format.NDJSON: "application/x-ndjson",
    Format.CSV: "text/csv; charset=utf-8",
    Format.ARROW: "application/vnd.apache.arrow.stream",
    Format.PARQUET: "application/vnd.apache.parquet",
}
IS_TEXT = frozenset({Format.JSON, Format.NDJSON, Format.CSV})


def negotiate(accept: str) -> Format:
    """The format that an Accept header prefers; JSON when it names none of ours."""
    wishes = sorted(_wishes(accept), key=lambda wish: -wish[1])
    return next((by_type[name] for name, quality in wishes if name in by_type and quality > 0), Format.JSON)


by_type = {media.partition(";")[0]: kind for kind, media in MEDIA_TYPES.items()}


def encode(kind: Format, reader: pa.RecordBatchReader, frame: Frame) -> Iterator[bytes]:
    """The rows as chunks of bytes; each batch is encoded when it is asked for."""
    schema = _with_zone(reader.schema)
    batches = (batch.cast(schema) for batch in reader)
    return _ENCODERS[kind](schema, batches, frame)


def _json(_: pa.Schema, batches: Iterator[pa.RecordBatch], frame: Frame) -> Iterator[bytes]:
    yield b'{"data":['
    is_first = True
    for batch in batches:
        rows = dumps(batch.to_pylist())[1:-1]
        if rows:
            yield rows if is_first else b"," + rows
            is_first = False
    yield b'],"meta":' + frame.meta + b',"page":' + frame.page + b"}"


def _ndjson(_: pa.Schema, batches: Iterator[pa.RecordBatch], __: Frame) -> Iterator[bytes]:
    for batch in batches:
        yield b"".join(dumps(row) + b"\n" for row in batch.to_pylist())


def _csv(schema: pa.Schema, batches: Iterator[pa.RecordBatch], _: Frame) -> Iterator[bytes]:
    plain = pa.schema([_csv_field(field) for field in schema])

    def open_writer(sink: Any) -> Any:
        return pyarrow.csv.CSVWriter(sink, plain)

    return _written(open_writer, (_csv_batch(batch, plain) for batch in batches))


def _arrow(schema: pa.Schema, batches: Iterator[pa.RecordBatch], _: Frame) -> Iterator[bytes]:
    return _written(lambda sink: pa.ipc.new_stream(sink, schema), batches)


def _parquet(schema: pa.Schema, batches: Iterator[pa.RecordBatch], _: Frame) -> Iterator[bytes]:
    return _written(lambda sink: pq.ParquetWriter(sink, schema, compression="zstd"), batches)


_ENCODERS: dict[Format, Callable[[pa.Schema, Iterator[pa.RecordBatch], Frame], Iterator[bytes]]] = {
    Format.JSON: _json,
    Format.NDJSON: _ndjson,
    Format.CSV: _csv,
    Format.ARROW: _arrow,
    Format.PARQUET: _parquet,
}


class _Outbox(io.RawIOBase):
    """A file that is only ever written to, emptied chunk by chunk."""

    def __init__(self) -> None:
        super().__init__()
        self._chunks: list[bytes] = []
        self._position = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def write(self, data: Any) -> int:
        chunk = bytes(data)
        self._chunks.append(chunk)
        self._position += len(chunk)
        return len(chunk)

    def take(self) -> bytes:
        """What was written since the last call."""
        taken, self._chunks = b"".join(self._chunks), []
        return taken


def _written(open_writer: Callable[[Any], Any], batches: Iterator[pa.RecordBatch]) -> Iterator[bytes]:
    outbox = _Outbox()
    with open_writer(outbox) as writer:
        for batch in batches:
            writer.write(batch)
            yield outbox.take()
    yield outbox.take()


def _with_zone(schema: pa.Schema) -> pa.Schema:
    """Timestamps of marts are naive UTC: say so."""
    zoned = pa.timestamp("us", "UTC")
    return pa.schema(
        [field.with_type(zoned) if pa.types.is_timestamp(field.type) else field for field in schema]
    )


def _csv_field(field: pa.Field) -> pa.Field:
    return field.with_type(pa.string()) if pa.types.is_timestamp(field.type) else field


def _csv_batch(batch: pa.RecordBatch, plain: pa.Schema) -> pa.RecordBatch:
    columns = [
        pc.strftime(column, "%Y-%m-%dT%H:%M:%SZ") if pa.types.is_timestamp(column.type) else column
        for column in batch.columns
    ]
    return pa.RecordBatch.from_arrays(columns, schema=plain)


def _wishes(accept: str) -> Iterator[tuple[str, float]]:
    for part in accept.split(","):
        name, _, params = part.partition(";")
        quality = params.replace(" ", "").rpartition("q=")[2] if "q=" in params else "1"
        try:
            yield name.strip().lower(), float(quality)
        except ValueError:
            continue
