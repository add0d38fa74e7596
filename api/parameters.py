"""Parameters that several routes share."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated

from fastapi import Query
from pydantic import BeforeValidator

_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_FIRST_YEAR = 1900


def iso_date(text: object) -> object:
    """The text itself when it is YYYY-MM-DD from 1900 on; pydantic would also take numbers for dates."""
    if not isinstance(text, str) or not _ISO_DATE.fullmatch(text):
        raise ValueError("not a date of the form YYYY-MM-DD")
    if int(text[:4]) < _FIRST_YEAR:
        raise ValueError(f"lies before the year {_FIRST_YEAR}")
    return text


IsoDate = Annotated[date, BeforeValidator(iso_date)]
Days = Annotated[int, Query(ge=1, le=365, description="Dates in the window, the last one is today.")]
Limit = Annotated[int, Query(ge=1, le=100, description="Rows of a page.")]
Offset = Annotated[int, Query(ge=0, le=1_000_000, description="Rows to leave out before the page.")]
Search = Annotated[
    str | None,
    Query(max_length=200, pattern=r"^[^\x00]*$", description="A part of the name, in any case of letters."),
]
