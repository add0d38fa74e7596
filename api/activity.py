"""What happens now, in memory: counts per school and local date, who was seen, the newest events.

Bounded: counts of three dates a school, users of five minutes, ten events a school, ids of a short overlap.
Timestamps are aware; `school_id` None is the unassigned school.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from heapq import heappop, heappush, nlargest
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

ACTIVE: Final = timedelta(minutes=5)
RECENT: Final = 10
_KEPT_DATES: Final = timedelta(days=2)
SchoolId = UUID | None


@dataclass(frozen=True, slots=True)
class Event:
    """One row of the activity stream with what is shown of its user and lesson."""

    id: int
    occurred_at: datetime
    user_id: UUID
    school_id: SchoolId
    role: str
    username: str
    first_name: str | None
    last_name: str | None
    event_type: str
    lesson_title: str | None
    xp_earned: int

    def __lt__(self, other: Event) -> bool:
        return (self.occurred_at, self.id) < (other.occurred_at, other.id)


@dataclass(frozen=True, slots=True)
class Figures:
    """What a caller is told."""

    active_users: int
    activities_today: int
    recent: list[Event]


@dataclass
class Activity:
    """The state of one follower; used from one thread."""

    zones: Mapping[UUID, ZoneInfo]
    counts: dict[tuple[SchoolId, date], int] = field(default_factory=lambda: defaultdict(int))
    seen: dict[UUID, tuple[SchoolId, datetime]] = field(default_factory=dict)
    recent: dict[SchoolId, list[Event]] = field(default_factory=dict)
    waiting: list[Event] = field(default_factory=list)
    ids: set[int] = field(default_factory=set)
    highest_id: int = 0

    def add(self, events: Iterable[Event], now: datetime) -> None:
        """Take in events, each once however often it is read; a future one waits for its time."""
        for event in events:
            if event.id in self.ids:
                continue
            self.ids.add(event.id)
            self.highest_id = max(self.highest_id, event.id)
            heappush(self.waiting, event)
        self.advance(now)

    def advance(self, now: datetime) -> None:
        """Count what has happened by now, and forget what is over."""
        while self.waiting and self.waiting[0].occurred_at <= now:
            self._happened(heappop(self.waiting))
        self.seen = {user: last for user, last in self.seen.items() if last[1] > now - ACTIVE}
        oldest = now.date() - _KEPT_DATES
        for key in [key for key in self.counts if key[1] < oldest]:
            del self.counts[key]

    def forget_ids_below(self, lowest: int) -> None:
        """Ids that will not be read again."""
        self.ids = {known for known in self.ids if known >= lowest}

    def count(self, school_id: SchoolId, happened_at: datetime, number: int) -> None:
        """Count events of a school that happened within one local date."""
        self.counts[school_id, happened_at.astimezone(self.zone(school_id)).date()] += number

    def zone(self, school_id: SchoolId) -> ZoneInfo:
        """The zone of a school; UTC for the unassigned school and for an unknown one."""
        return self.zones.get(school_id, ZoneInfo("UTC")) if school_id else ZoneInfo("UTC")

    def of_school(self, school_id: SchoolId, now: datetime) -> Figures:
        """Figures of one school; today is its local date."""
        self.advance(now)
        today = now.astimezone(self.zone(school_id)).date()
        return Figures(
            active_users=sum(school == school_id for school, _ in self.seen.values()),
            activities_today=self.counts.get((school_id, today), 0),
            recent=self.recent.get(school_id, []),
        )

    def of_platform(self, now: datetime) -> Figures:
        """Figures of all schools; today is the UTC date, events count under their local dates."""
        self.advance(now)
        today = now.astimezone(UTC).date()
        return Figures(
            active_users=len(self.seen),
            activities_today=sum(number for (_, day), number in self.counts.items() if day == today),
            recent=nlargest(RECENT, (event for events in self.recent.values() for event in events)),
        )

    def see(self, user_id: UUID, school_id: SchoolId, seen_at: datetime) -> None:
        """Remember that a user did something."""
        known = self.seen.get(user_id)
        if known is None or known[1] < seen_at:
            self.seen[user_id] = (school_id, seen_at)

    def show(self, event: Event) -> None:
        """Keep the event if it is among the newest of its school."""
        newest = [*self.recent.get(event.school_id, []), event]
        self.recent[event.school_id] = nlargest(RECENT, newest)

    def _happened(self, event: Event) -> None:
        self.count(event.school_id, event.occurred_at, 1)
        self.see(event.user_id, event.school_id, event.occurred_at)
        self.show(event)
