"""Which countries and time zones exist: IANA's tables, as the tzdata package ships them."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from zoneinfo import available_timezones

# In the database for machines, not for places.
_NOT_A_PLACE = frozenset({"Factory", "localtime", "posixrules"})


def known_country(code: str) -> str:
    """The code itself when ISO 3166-1 has it as alpha-2; raises ValueError otherwise."""
    if code not in countries():
        raise ValueError("not an ISO 3166-1 alpha-2 country code")
    return code


def known_zone(name: str) -> str:
    """The name itself when it is an IANA time zone; raises ValueError otherwise."""
    if name not in zones():
        raise ValueError("not an IANA time zone")
    return name


@cache
def countries() -> frozenset[str]:
    """All alpha-2 codes of ISO 3166-1, from IANA's iso3166.tab."""
    table = files("tzdata").joinpath("zoneinfo", "iso3166.tab").read_text(encoding="utf-8")
    return frozenset(line.split("\t")[0] for line in table.splitlines() if not line.startswith("#"))


@cache
def zones() -> frozenset[str]:
    """All names of the IANA time zone database."""
    return frozenset(available_timezones()) - _NOT_A_PLACE
