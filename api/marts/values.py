"""Text of a URL as a value of a column's DuckDB type: strict, and bound as that type."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

_LARGEST = 2**63
_LONGEST = 1_000


def parse(text: str, column_type: str, longest: int | None = _LONGEST) -> Any:
    """The value. Raises ValueError with a sentence that names the expected form, never the text itself."""
    reader, form = _reader(column_type)
    if longest is not None and len(text) > longest:
        raise ValueError(f"must not be longer than {longest} characters")
    try:
        return reader(text)
    except (ValueError, InvalidOperation) as mistake:
        raise ValueError(f"must be {form}") from mistake


def is_text(column_type: str) -> bool:
    """Whether values of the type are text."""
    return column_type == "VARCHAR"


def _reader(column_type: str) -> tuple[Callable[[str], Any], str]:
    if column_type.startswith("DECIMAL"):
        return _decimal, "a number"
    if column_type not in _READERS:
        raise ValueError("cannot be compared")
    return _READERS[column_type]


def _integer(text: str) -> int:
    if not text.removeprefix("-").isdigit() or not text.isascii() or not -_LARGEST <= int(text) < _LARGEST:
        raise ValueError
    return int(text)


def _decimal(text: str) -> Decimal:
    number = Decimal(text)
    # More digits or a larger exponent than DuckDB's DECIMAL(38) cannot be bound.
    if not number.is_finite() or len(number.as_tuple().digits) > 30 or abs(number.adjusted()) > 18:
        raise ValueError
    return number


def _double(text: str) -> float:
    number = float(text)
    if number - number != 0:  # infinity or NaN
        raise ValueError
    return number


def _boolean(text: str) -> bool:
    return {"true": True, "false": False}[text] if text in ("true", "false") else _refuse()


def _timestamp(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _refuse() -> bool:
    raise ValueError


_WHOLE: tuple[Callable[[str], Any], str] = (_integer, "a whole number")
_READERS: dict[str, tuple[Callable[[str], Any], str]] = {
    **dict.fromkeys(("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"), _WHOLE),
    **dict.fromkeys(("UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"), _WHOLE),
    "DOUBLE": (_double, "a number"),
    "FLOAT": (_double, "a number"),
    "VARCHAR": (str, "text"),
    "BOOLEAN": (_boolean, "true or false"),
    "DATE": (date.fromisoformat, "a date such as 2026-03-02"),
    "TIMESTAMP": (_timestamp, "a timestamp such as 2026-03-02T01:30:00Z"),
    "TIMESTAMP WITH TIME ZONE": (_moment, "a timestamp such as 2026-03-02T01:30:00Z"),
    "UUID": (UUID, "a UUID"),
}
