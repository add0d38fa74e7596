"""Keyset pages: `next` holds the order's values in a page's last row, so no row comes twice or gets lost.

The token is opaque, not secret: it is checked like any other input, and the caller's scope applies to
every page anew. It belongs to one mart, order and set of filters.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any

import orjson

from api.errors import BadValue
from api.marts.asked import Asked, Order
from api.marts.values import parse

Values = Sequence[str | None]


def encode(name: str, asked: Asked, values: Values) -> str:
    """The `next` token after a row with these values (as DuckDB writes them) of the order's columns."""
    return urlsafe_b64encode(orjson.dumps([_fingerprint(name, asked), *values])).decode().rstrip("=")


def decode(token: str, name: str, asked: Asked, types: Mapping[str, str]) -> list[Any]:
    """The typed values of a token. Raises BadValue when it is none of ours or of another request."""
    try:
        fingerprint, *texts = orjson.loads(urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    except (NotBase64, ValueError, TypeError) as mistake:
        raise BadValue("`next` is no token of this API.") from mistake
    if fingerprint != _fingerprint(name, asked) or len(texts) != len(asked.order):
        raise BadValue("`next` belongs to another mart, order or filter.")
    return [_value(text, types[part.column]) for text, part in zip(texts, asked.order, strict=True)]


def after(order: Sequence[Order], values: Sequence[Any]) -> tuple[str, dict[str, Any]]:
    """Condition and parameters for the rows behind the row with these values; NULLs come last."""
    condition = "FALSE"
    params = {f"after_{number}": value for number, value in enumerate(values) if value is not None}
    for number, part in reversed(list(enumerate(order))):
        beyond, same = _compare(part, f"$after_{number}", is_null=values[number] is None)
        condition = f"({beyond} OR ({same} AND {condition}))"
    return condition, params


def _compare(part: Order, value: str, *, is_null: bool) -> tuple[str, str]:
    column = f'"{part.column}"'
    if is_null:
        return "FALSE", f"{column} IS NULL"
    sign = "<" if part.is_descending else ">"
    return f"({column} {sign} {value} OR {column} IS NULL)", f"{column} = {value}"


def _value(text: object, column_type: str) -> Any:
    if text is None:
        return None
    if not isinstance(text, str):
        raise BadValue("`next` is no token of this API.")
    try:
        # A text of the mart itself may be of any length.
        return parse(text, column_type, longest=None)
    except ValueError as mistake:
        raise BadValue("`next` is no token of this API.") from mistake


def _fingerprint(name: str, asked: Asked) -> str:
    described = repr((name, asked.filters, asked.order))
    return blake2b(described.encode(), digest_size=6).hexdigest()
