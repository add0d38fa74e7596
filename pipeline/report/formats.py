"""Numbers, dates and times as a reader wants them: thousands apart, one decimal, the school's own clock."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

MISSING = "–"
MINUS = "−"


def number(value: float | None) -> str:
    """1234.5 as 1,234.5; whole numbers without decimals."""
    if value is None:
        return MISSING
    text = f"{value:,.1f}".removesuffix(".0")
    return "0" if text == "-0" else text.replace("-", MINUS)


def percent(value: float | None) -> str:
    """A percentage 0..100."""
    return MISSING if value is None else f"{number(value)}%"


def rate(value: float | None) -> str:
    """A rate 0..1 as a percentage."""
    return MISSING if value is None else percent(value * 100)


def change(now: float | None, before: float | None) -> float | None:
    """The relative change, 0..1 for a rise; None without a figure to compare with."""
    return None if now is None or not before else (now - before) / before


def signed(value: float) -> str:
    """A relative change as a percentage with its sign."""
    text = f"{value * 100:+,.1f}".removesuffix(".0")
    return "0%" if text in ("+0", "-0") else f"{text.replace('-', MINUS)}%"


def day(value: date) -> str:
    """Wed 25 Nov 2026."""
    return f"{value:%a} {value.day} {value:%b %Y}"


def long_day(value: date) -> str:
    """Wednesday 25 November 2026."""
    return f"{value:%A} {value.day} {value:%B %Y}"


def short_day(value: date) -> str:
    """Wed 25 Nov."""
    return f"{value:%a} {value.day} {value:%b}"


def plain_day(value: date) -> str:
    """25 Nov 2026."""
    return f"{value.day} {value:%b %Y}"


def moment(value: datetime | None, zone: str) -> str:
    """26 Nov 2026, 13:46, on the clock of an IANA zone."""
    if value is None:
        return MISSING
    local = value.astimezone(ZoneInfo(zone))
    return f"{local.day} {local:%b %Y, %H:%M}"


def words(value: str) -> str:
    """A name of the warehouse in words."""
    return value.replace("_", " ")


def counted(count: int, singular: str, plural: str | None = None) -> str:
    """1 request, 2 requests."""
    return f"{number(count)} {singular if count == 1 else plural or singular + 's'}"
