"""The days around both clock changes of a year, for the files that say when a night runs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

COPENHAGEN = ZoneInfo("Europe/Copenhagen")
around_both_changes = pytest.mark.parametrize(
    "start",
    [datetime(2026, 3, 27, tzinfo=UTC), datetime(2026, 10, 23, tzinfo=UTC)],
    ids=["spring", "autumn"],
)


def one_a_date(moments: list[datetime]) -> bool:
    """Whether the moments lie on one date after the other, each once."""
    dates = [moment.astimezone(COPENHAGEN).date() for moment in moments]
    return dates == [dates[0] + timedelta(days=number) for number in range(len(dates))]
