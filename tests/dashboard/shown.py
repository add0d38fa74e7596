"""Figures as the dashboard writes them in en-US, to compare with what a page shows."""

from __future__ import annotations

from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

MISSING = "–"


def number(value: Any, factor: int = 1) -> str:
    """Groups of three, at most one decimal, halves away from zero."""
    if value is None:
        return MISSING
    rounded = (Decimal(repr(value)) * factor).quantize(Decimal("0.1"), ROUND_HALF_UP)
    text = f"{rounded:,}"
    return text.removesuffix(".0")


def percent(value: Any) -> str:
    """A percentage 0..100."""
    return MISSING if value is None else f"{number(value)}%"


def rate(value: Any) -> str:
    """A rate 0..1 as a percentage."""
    return MISSING if value is None else f"{number(value, 100)}%"


def text(value: Any) -> str:
    """A text as it is."""
    return MISSING if value is None else str(value)


def words(value: Any) -> str:
    """A name of ours with spaces."""
    return text(value).replace("_", " ")


def day(value: str | None) -> str:
    """A date, such as Nov 2, 2026."""
    if value is None:
        return MISSING
    found = date.fromisoformat(value[:10])
    return f"{found:%b} {found.day}, {found.year}"


def moment(value: str | None, zone: str = "UTC") -> str:
    """A time in a zone, such as Nov 2, 2026, 1:30 PM."""
    if value is None:
        return MISSING
    local = datetime.fromisoformat(value).astimezone(ZoneInfo(zone))
    return f"{local:%b} {local.day}, {local.year}, {local.hour % 12 or 12}:{local:%M %p}"


def yes_no(value: bool) -> str:
    """A truth."""
    return "yes" if value else "no"
