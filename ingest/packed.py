"""Many rows of a table in one row of the result: each column as one long value in PostgreSQL's binary form.

For every value the driver takes longer than PostgreSQL takes to read and send it. Here it passes on a few
large ones, and numpy opens them. Values are what the send function of their type gives, highest byte first,
one behind the other; behind a text comes a byte that is 0, which no text has. Where a column may have NULL
its values leave them out, and a byte for each row says where.

To PostgreSQL an aggregate costs more than the value in it. string_agg() takes two values a row, one of them
as the delimiter: an integer without NULL rides so in front of another column's values. Only the first
delimiter is not written; it is what all the others leave of bit_xor() over the column.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ingest.catalog import SourceColumn
from ingest.warehouse import quoted

PAGES = 256
_DAYS = 10_957  # PostgreSQL counts from 2000-01-01, Arrow from 1970-01-01
_US = _DAYS * 24 * 3600 * 1_000_000
_IS_NULL = "CASE WHEN {} IS NULL THEN '\\x01'::bytea ELSE '\\x00'::bytea END"

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class _Form:
    """Values of one width: how they are sent, and what they become."""

    cast: str
    send: str
    dtype: np.dtype[Any]
    arrow: pa.DataType
    shift: int = 0

    @property
    def native(self) -> np.dtype[Any]:
        """The same in this machine's order of bytes."""
        return self.dtype.newbyteorder("=")


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


class Packing:
    """How the rows of a table are packed and opened again."""

    def __init__(self, table: str, columns: Sequence[SourceColumn]) -> None:
        self._table, self._columns = table, columns
        filled = [column for column in columns if column.is_filled and column.family in _FORMS]
        carriers = [column for column in filled if not _is_integer(column)]
        self._riders = dict(zip(carriers, filter(_is_integer, filled), strict=False))
        self._drivers = [column for column in columns if column not in self._riders.values()]

    def sql(self) -> str:
        """A query whose rows hold up to PAGES pages of the table each.

        It reads the pages from current_setting('schoolhouse.first') to before '.last', and as part of the
        last range all that come before '.end'.
        """
        packed = ", ".join(f"{sql} AS {quoted(name)}" for name, sql in self._aggregates())
        return f"""
SELECT packed.*
FROM generate_series(
    current_setting('schoolhouse.first')::bigint, current_setting('schoolhouse.last')::bigint - 1, {PAGES}
) AS start (page)
CROSS JOIN LATERAL (
    SELECT count(*) AS rows, {packed}
    FROM {quoted(self._table)}
    WHERE ctid >= format('(%s,0)', start.page)::tid AND ctid < format('(%s,0)', CASE
        WHEN start.page + {PAGES} < current_setting('schoolhouse.last')::bigint THEN start.page + {PAGES}
        ELSE current_setting('schoolhouse.end')::bigint
    END)::tid
    HAVING count(*) > 0
) AS packed
"""

    def opened(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The rows in a batch of results of sql(), with the names of the columns.

        Moments are naive UTC, UUIDs Arrow's own type, numeric is text.
        """
        rows = batch.column("rows").to_pylist()
        arrays: dict[str, pa.Array] = {}
        for column in self._drivers:
            rider = self._riders.get(column)
            if rider:
                xors = batch.column(_part("xor", rider)).to_pylist()
                both = _parted(batch.column(_part("values", column)), rows, _form(column), _form(rider), xors)
                arrays |= zip((column.name, rider.name), both, strict=True)
            else:
                is_null = None if column.is_filled else _flags(batch.column(_part("nulls", column)))
                arrays[column.name] = _array(batch.column(_part("values", column)), column, is_null)
        names = [column.name for column in self._columns]
        return pa.RecordBatch.from_arrays([arrays[name] for name in names], names=names)

    def _aggregates(self) -> Iterator[tuple[str, str]]:
        for column in self._drivers:
            rider = self._riders.get(column)
            if rider:
                yield _part("values", column), f"string_agg({_sent(column)}, {_sent(rider)})"
                yield _part("xor", rider), f"bit_xor({quoted(rider.name)}::{_form(rider).cast})"
            else:
                gap = "''" if column.family in _FORMS else "'\\x00'"
                yield _part("values", column), f"string_agg({_sent(column)}, {gap}::bytea)"
            if not column.is_filled:
                yield _part("nulls", column), f"string_agg({_IS_NULL.format(quoted(column.name))}, ''::bytea)"


def _is_integer(column: SourceColumn) -> bool:
    return column.family in _FORMS and pa.types.is_integer(_form(column).arrow)


def _form(column: SourceColumn) -> _Form:
    return _FORMS[column.family]


def _part(name: str, column: SourceColumn) -> str:
    return f"{name} of {column.number}"


def _sent(column: SourceColumn) -> str:
    name = quoted(column.name)
    form = _FORMS.get(column.family)
    return f"{form.send}({name}::{form.cast})" if form else f"textsend({name}::text)"


def _parted(
    packed: pa.Array, rows: Sequence[int], carrier: _Form, rider: _Form, xors: Sequence[int]
) -> tuple[pa.Array, pa.Array]:
    """The values of two columns that came as one: value, then delimiter and value for each further row."""
    values, delimiters = np.empty(sum(rows), carrier.native), np.empty(sum(rows), rider.native)
    pair = np.dtype([("delimiter", rider.dtype), ("value", carrier.dtype)])
    first = 0
    for value, count, xor in zip(packed, rows, xors, strict=True):
        sent, end = value.as_buffer(), first + count
        pairs = np.frombuffer(sent, pair, offset=carrier.dtype.itemsize)
        values[first] = np.frombuffer(sent, carrier.dtype, count=1)[0]
        values[first + 1 : end] = pairs["value"]
        delimiters[first + 1 : end] = pairs["delimiter"]
        delimiters[first] = xor ^ int(np.bitwise_xor.reduce(delimiters[first + 1 : end]))
        first = end
    return _fixed(values, carrier), _fixed(delimiters, rider)


def _flags(packed: pa.Array) -> Flags:
    return np.frombuffer(b"".join(_sent_values(packed)), np.bool_)


def _array(packed: pa.Array, column: SourceColumn, is_null: Flags | None) -> pa.Array:
    form = _FORMS.get(column.family)
    if form is None:
        filled = _texts(b"\0".join(_sent_values(packed)))
    else:
        sent = np.frombuffer(b"".join(_sent_values(packed)), form.dtype)
        filled = _fixed(sent.astype(form.native), form)
    if is_null is None:
        return filled
    return filled.take(pa.array(np.cumsum(~is_null) - 1, mask=is_null))


def _sent_values(packed: pa.Array) -> Iterator[pa.Buffer]:
    """What was sent in each row of the result; where all values were NULL there is nothing."""
    return (value.as_buffer() for value in packed if value.is_valid)


def _fixed(numbers: npt.NDArray[Any], form: _Form) -> pa.Array:
    if form.arrow == pa.uuid():
        ids = pa.Array.from_buffers(pa.binary(16), len(numbers), [None, pa.py_buffer(numbers)])
        return pa.ExtensionArray.from_storage(pa.uuid(), ids)
    # PostgreSQL's infinity goes round to a moment before the year 1, as with the driver.
    return pa.array(numbers + form.shift if form.shift else numbers).cast(form.arrow)


def _texts(sent: bytes) -> pa.Array:
    """Texts, each but the last with a 0 behind it; one empty text if there is none."""
    ends = np.flatnonzero(np.frombuffer(sent, np.uint8) == 0)
    offsets = np.concatenate([[0], ends - np.arange(len(ends)), [len(sent) - len(ends)]]).astype(np.int32)
    text = sent.translate(None, b"\0")
    return pa.StringArray.from_buffers(len(ends) + 1, pa.py_buffer(offsets), pa.py_buffer(text))
