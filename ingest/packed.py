"""Many rows of a table in one row of the result: each column as one long value in PostgreSQL's binary form.

For every value the driver takes longer than PostgreSQL takes to read and send it. Here it passes on a few
large ones, and numpy opens them. A column without NULL is what the send function of its type gives, highest
byte first, without gaps. Any other, and text, is what array_send() gives: 20 bytes (dimensions, flags, type,
length, lower bound), then for each element four bytes of length (-1 for NULL) and the value.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ingest.catalog import SourceColumn
from ingest.warehouse import quoted

PAGES = 256
_HEADER, _WORD = 20, 4
_NULL = 2**32 - 1
_DAYS = 10_957  # PostgreSQL counts from 2000-01-01, Arrow from 1970-01-01
_US = _DAYS * 24 * 3600 * 1_000_000

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class _Form:
    """Values of one width, in whole words of four bytes: how they are sent, and what they become."""

    cast: str
    send: str
    dtype: np.dtype[Any]
    arrow: pa.DataType
    shift: int = 0


_INTEGER = _Form("integer", "int4send", np.dtype(">i4"), pa.int32())
_FORMS = {
    "boolean": _Form("integer", "int4send", np.dtype(">i4"), pa.bool_()),
    "smallint": _INTEGER,
    "integer": _INTEGER,
    "bigint": _Form("bigint", "int8send", np.dtype(">i8"), pa.int64()),
    "date": _Form("date", "date_send", np.dtype(">i4"), pa.date32(), _DAYS),
    "timestamp with time zone": _Form(
        "timestamptz", "timestamptz_send", np.dtype(">i8"), pa.timestamp("us"), _US
    ),
    "uuid": _Form("uuid", "uuid_send", np.dtype("V16"), pa.uuid()),
}


def packed_sql(table: str, columns: Sequence[SourceColumn]) -> str:
    """A query for unpacked(): rows of up to PAGES pages in each row of the result.

    It reads the pages from current_setting('schoolhouse.first') to before '.last', and as part of the last
    range all that come before '.end'.
    """
    packed = ", ".join(map(_packed, columns))
    return f"""
SELECT packed.*
FROM generate_series(
    current_setting('schoolhouse.first')::bigint, current_setting('schoolhouse.last')::bigint - 1, {PAGES}
) AS start (page)
CROSS JOIN LATERAL (
    SELECT count(*) AS rows, {packed}
    FROM {quoted(table)}
    WHERE ctid >= format('(%s,0)', start.page)::tid AND ctid < format('(%s,0)', CASE
        WHEN start.page + {PAGES} < current_setting('schoolhouse.last')::bigint THEN start.page + {PAGES}
        ELSE current_setting('schoolhouse.end')::bigint
    END)::tid
    HAVING count(*) > 0
) AS packed
"""


def unpacked(batch: pa.RecordBatch, columns: Sequence[SourceColumn]) -> pa.RecordBatch:
    """The rows in a batch of results of packed_sql(), with the names of the columns.

    Moments are naive UTC, UUIDs Arrow's own type, numeric is text.
    """
    rows = pc.sum(batch.column(0)).as_py()
    arrays = [_opened(column, batch.column(column.name), rows) for column in columns]
    return pa.RecordBatch.from_arrays(arrays, names=[column.name for column in columns])


def _packed(column: SourceColumn) -> str:
    form = _FORMS.get(column.family)
    name = quoted(column.name)
    if form and column.is_filled:
        return f"string_agg({form.send}({name}::{form.cast}), ''::bytea) AS {name}"
    return f"array_send(array_agg({name}::{form.cast if form else 'text'})) AS {name}"


def _opened(column: SourceColumn, packed: pa.Array, rows: int) -> pa.Array:
    form = _FORMS.get(column.family)
    if form is None:
        return _texts(_joined(packed, np.dtype(np.uint8), _HEADER), rows)
    if column.is_filled:
        return _values(_joined(packed, form.dtype), form)
    return _with_nulls(_joined(packed, np.dtype(np.uint32), _HEADER), form, rows)


def _joined(packed: pa.Array, dtype: np.dtype[Any], header: int = 0) -> npt.NDArray[Any]:
    return np.concatenate([np.frombuffer(value.as_buffer(), dtype, offset=header) for value in packed])


def _with_nulls(words: npt.NDArray[np.uint32], form: _Form, rows: int) -> pa.Array:
    element = np.dtype([("length", ">i4"), ("value", form.dtype)])
    width = element.itemsize // _WORD
    places = _null_places(words, rows, width)
    values = _values(np.delete(words, places).view(element)["value"], form)
    is_null = np.zeros(rows, np.bool_)
    # Where a row has NULL as many words are missing as a value has.
    is_null[(places + np.arange(len(places)) * (width - 1)) // width] = True
    return values.take(pa.array(np.cumsum(~is_null) - 1, mask=is_null))


def _null_places(words: npt.NDArray[np.uint32], rows: int, width: int) -> Ints:
    """Where a word stands for NULL; `width` is that of an element with its length."""
    places = np.flatnonzero(words == _NULL)
    if len(places) == (rows * width - len(words)) // (width - 1):
        return places
    # A value has such a word too.
    return np.fromiter(_walked_nulls(words.tolist(), width), np.int64)


def _walked_nulls(words: list[int], width: int) -> Iterator[int]:
    place = 0
    while place < len(words):
        if words[place] == _NULL:
            yield place
        place += 1 if words[place] == _NULL else width


def _values(elements: npt.NDArray[Any], form: _Form) -> pa.Array:
    if form.arrow == pa.uuid():
        storage = pa.py_buffer(np.ascontiguousarray(elements))
        ids = pa.Array.from_buffers(pa.binary(16), len(elements), [None, storage])
        return pa.ExtensionArray.from_storage(pa.uuid(), ids)
    native = elements.astype(elements.dtype.newbyteorder("="))
    # PostgreSQL's infinity goes round to a moment before the year 1, as with the driver.
    numbers = pa.array(native + form.shift if form.shift else native)
    return numbers.cast(form.arrow)


def _texts(packed: npt.NDArray[np.uint8], rows: int) -> pa.Array:
    lengths, is_text = _guessed_texts(packed, rows) or _walked_texts(packed)
    offsets = np.zeros(rows + 1, np.int32)
    np.cumsum(np.maximum(lengths, 0), out=offsets[1:])
    texts = pa.StringArray.from_buffers(rows, pa.py_buffer(offsets), pa.py_buffer(packed[is_text]))
    return pc.if_else(pa.array(lengths >= 0), texts, None) if lengths.min() < 0 else texts


def _guessed_texts(packed: npt.NDArray[np.uint8], rows: int) -> tuple[Ints, Flags] | None:
    """The length of each text and which bytes are text, if all have 1 to 255 bytes."""
    # No byte of a text is 0: then the first three of each length are all that are.
    is_text = packed != 0
    zeros = np.flatnonzero(~is_text)
    if len(zeros) != 3 * rows or not packed[-1]:
        return None
    ends = zeros[2::3] + 1
    lengths = packed[ends].astype(np.int64)
    starts = np.cumsum(lengths + _WORD) - lengths - _WORD
    if not all(np.array_equal(zeros[byte::3], starts + byte) for byte in range(3)):
        return None
    is_text[ends] = False
    return lengths, is_text


def _walked_texts(packed: npt.NDArray[np.uint8]) -> tuple[Ints, Flags]:
    """The length of each text, -1 for NULL, and which bytes are text."""
    data = packed.tobytes()
    is_text = np.ones(len(data), np.bool_)
    lengths = []
    place = 0
    while place < len(data):
        lengths.append(int.from_bytes(data[place : place + _WORD], signed=True))
        is_text[place : place + _WORD] = False
        place += _WORD + max(lengths[-1], 0)
    return np.array(lengths, np.int64), is_text
