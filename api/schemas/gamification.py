"""Answers of /gamification."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict


class Timeframe(StrEnum):
    """Windows of the leaderboard: 1, 7, 30 days, and every event."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    ALL = "all"


class Board(StrEnum):
    """Among whom the ranks are computed."""

    SCHOOL = "school"
    CLASS = "class"
    GLOBAL = "global"


@dataclass(frozen=True, slots=True)
class LeaderboardEntry:
    """One participant; `rank` is 1, 2, 2, 4 and `dense_rank` 1, 2, 2, 3."""

    rank: int
    dense_rank: int
    position: Annotated[int, Field(description="Unique: by XP, then who reached it first, then id.")]
    user_id: Annotated[str | None, Field(description="Null for a student, of anybody else.")]
    name: str
    xp: int
    is_current_user: bool


@dataclass(frozen=True, slots=True)
class CurrentUser:
    """Where the caller stands."""

    rank: int
    xp: int
    percentile: Annotated[
        float | None, Field(description="Share of the others with less XP x 100; null when alone.")
    ]
    xp_to_next_rank: Annotated[
        int | None, Field(description="XP missing to the next better rank; null for rank 1.")
    ]


Leaderboard = TypedDict(
    "Leaderboard",
    {
        "timeframe": Timeframe,
        "from": Annotated[date | None, Field(description="First local date; null for all time.")],
        "to": date,
        "entries": list[LeaderboardEntry],
        "current_user": CurrentUser | None,
        "participants_total": int,
    },
)
