"""Windows of local dates: today and the dates before it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from api.scope import Scope
from api.snapshots import Snapshot

_TODAYS = "SELECT school_key, today_date FROM dim_school"


@dataclass(frozen=True)
class Window:
    """The dates from `start` to `end`, both inclusive."""

    start: date
    end: date

    @classmethod
    def ending(cls, end: date, days: int) -> Window:
        """The `days` dates up to and including `end`."""
        return cls(end - timedelta(days=days - 1), end)

    def __iter__(self) -> Iterator[date]:
        return (self.start + timedelta(days=day) for day in range(len(self)))

    def __len__(self) -> int:
        return (self.end - self.start).days + 1

    @property
    def params(self) -> dict[str, object]:
        """Bound as $start and $end."""
        return {"start": self.start, "end": self.end}


def today(snapshot: Snapshot, scope: Scope) -> date:
    """Today of the caller: that of the own school, or for the whole platform the UTC date of as_of."""
    if scope.platform:
        return utc_date(snapshot.as_of)
    return today_of_school(snapshot, scope.school_key)


def today_of_school(snapshot: Snapshot, school_key: int) -> date:
    """The local date of as_of in the school's zone; in UTC for a school that the snapshot does not know."""
    dates: dict[int, date] = snapshot.remember("todays", lambda: dict(snapshot.query(_TODAYS)))
    return dates.get(school_key, utc_date(snapshot.as_of))


def utc_date(moment: datetime) -> date:
    """The date of a moment in UTC."""
    return moment.astimezone(UTC).date()
