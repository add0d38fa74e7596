"""What the API should answer, asked of the operational database itself: one transaction, read-only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo, available_timezones

import psycopg
from psycopg.rows import class_row

from pipeline.direct_sql import people, schools
from pipeline.direct_sql.layout import LAYOUT, Layout

Json = Any
DAYS: Final = {"day": 1, "week": 7, "month": 30, "year": 365, "all": None}
WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
HALF_LIFE_DAYS: Final = 45
LEAST_EVIDENCE: Final = 3
_START, _SLIP, _GUESS, _TRANSIT = 0.30, 0.10, 0.20, 0.15
_MAU_DAYS: Final = 28


@dataclass(frozen=True)
class Place:
    """Whose figures: everybody's, or those of one school (None is the unassigned one)."""

    everybody: bool
    school_id: UUID | None


@dataclass(frozen=True)
class Window:
    """Local dates, both inclusive."""

    first_date: date
    last_date: date

    @classmethod
    def ending(cls, last: date, days: int) -> Window:
        """The `days` dates up to and including `last`."""
        return cls(last - timedelta(days=days - 1), last)


class Direct:
    """Answers in plain SQL as of one moment; see pipeline.direct_sql."""

    def __init__(self, connection: psycopg.Connection[Any], as_of: datetime) -> None:
        self._connection = connection
        self._as_of = as_of
        with connection.cursor(row_factory=class_row(Layout)) as cursor:
            layout = cursor.execute(LAYOUT).fetchone()
        if layout is None:
            raise RuntimeError("the catalogue of the source is empty")
        self._layout = layout
        self._zones = self._read_zones()

    def today(self, place: Place) -> date:
        """The local date of as_of in the school, or the UTC date for everybody."""
        zone = "UTC" if place.school_id is None else self._zones.get(place.school_id, "UTC")
        return self._as_of.astimezone(ZoneInfo(zone)).date()

    def overview(self, place: Place) -> Json:
        """As GET /analytics/overview."""
        return self._ask(schools.OVERVIEW, place)

    def engagement(self, place: Place, days: int) -> Json:
        """As GET /analytics/trends/engagement."""
        return self._ask(schools.ENGAGEMENT, place, self._window(place, days), before=_MAU_DAYS)

    def content(self, place: Place, days: int) -> Json:
        """As GET /analytics/trends/content."""
        return self._ask(schools.CONTENT, place, self._window(place, days))

    def summary(self, place: Place, window: Window, class_id: UUID | None) -> Json:
        """As GET /analytics/summary."""
        return self._ask(schools.SUMMARY, place, window, class_id=class_id)

    def dashboard(self, place: Place, time_range: str) -> Json:
        """As GET /analytics/dashboard."""
        window = self._window(place, DAYS[time_range] or 1)
        top = self.board(place, time_range)[:10]
        shown = [{name: entry[name] for name in ("rank", "user_id", "name", "xp")} for entry in top]
        return {**self._ask(schools.DASHBOARD, place, window), "top_performers": shown}

    def board(self, place: Place, timeframe: str) -> list[dict[str, Any]]:
        """All entries of the school's or the global leaderboard."""
        days = DAYS[timeframe]
        # A learner's own today may lie a day from everybody's.
        window = None if days is None else Window.ending(self.today(place), days + 2)
        board: list[dict[str, Any]] = self._ask(schools.BOARD, place, window, days=days)
        return board

    def student_progress(self, place: Place, user_id: UUID) -> Json:
        """As GET /analytics/student-progress of a learner of the place."""
        dates = [day for day, _ in self._active_dates(place, user_id)]
        ranks = {entry["user_id"]: entry["rank"] for entry in self.board(place, "all")}
        return {
            **self._ask(people.STUDENT, place, user_id=user_id),
            "rank": ranks.get(str(user_id)),
            "current_streak_days": current_streak(dates, self.today(place)),
            "longest_streak_days": max((len(run) for run in _runs(dates)), default=0),
            "at_risk": self._at_risk(place, user_id, dates),
        }

    def weekly_xp(self, place: Place, user_id: UUID) -> Json:
        """As GET /analytics/weekly_xp of a learner of the place."""
        found = self._active_dates(place, user_id)
        xp, today = dict(found), self.today(place)
        days = [today - timedelta(days=back) for back in range(6, -1, -1)]
        shown = [
            {"date": day.isoformat(), "weekday": WEEKDAYS[day.weekday()], "xp": xp.get(day, 0)}
            for day in days
        ]
        total = sum(xp.get(day, 0) for day in days)
        streak = current_streak(sorted(xp), today)
        return {"week_total": total, "daily_average": total / 7, "streak_days": streak, "days": shown}

    def subject_mastery(self, place: Place, user_id: UUID) -> Json:
        """As GET /analytics/subject_mastery of a learner of the place."""
        evidence = self._ask(people.EVIDENCE, place, user_id=user_id)
        courses = self._ask(people.COURSES, place, user_id=user_id)
        return [
            course | self._mastery([piece for piece in evidence if piece["course_id"] == course["course_id"]])
            for course in courses
        ]

    def user(self, place: Place, user_id: UUID) -> Json:
        """As GET /users/{user_id}."""
        return self._ask(people.USER, place, user_id=user_id)

    def _mastery(self, evidence: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        answers = [piece["is_correct"] for piece in evidence]
        knowledge = traced(answers) if answers else None
        is_enough = len(answers) >= LEAST_EVIDENCE
        right = sum(answers)
        return {
            "proficiency": (right + 0.2 * (len(answers) - right)) / len(answers) if is_enough else None,
            "knowledge": knowledge,
            "retained": None if knowledge is None else knowledge * self._retention(evidence),
            "level": level(knowledge) if knowledge is not None and is_enough else "not_enough_data",
            "evidence": len(answers),
        }

    def _retention(self, evidence: Sequence[Mapping[str, Any]]) -> float:
        last = max(datetime.fromisoformat(piece["completed_at"]) for piece in evidence)
        return float(2 ** (-(self._as_of - last).total_seconds() / 86_400 / HALF_LIFE_DAYS))

    def _at_risk(self, place: Place, user_id: UUID, dates: Sequence[date]) -> Json:
        found = self._ask(people.RISK, place, user_id=user_id)
        scores = found["newest_scores"]
        last_week = self.today(place) - timedelta(days=6)
        reasons = {
            "never_started": not dates,
            "inactive": not any(day >= last_week for day in dates),
            "low_accuracy": len(scores) >= LEAST_EVIDENCE and sum(scores) / len(scores) < 50,
            "behind_class": found["is_behind"],
        }
        shown = [reason for reason, holds in reasons.items() if holds] if found["classes"] else []
        return {"is_at_risk": bool(shown), "reasons": shown}

    def _active_dates(self, place: Place, user_id: UUID) -> list[tuple[date, int]]:
        rows = self._ask(people.ACTIVE_DATES, place, user_id=user_id)
        return [(date.fromisoformat(day), xp) for day, xp in rows]

    def _window(self, place: Place, days: int) -> Window:
        return Window.ending(self.today(place), days)

    def _ask(
        self, select: str, place: Place, window: Window | None = None, *, before: int = 0, **more: object
    ) -> Json:
        row = self._connection.execute(
            self._layout.query(select),
            {
                "as_of": self._as_of,
                "zone_schools": list(self._zones),
                "zone_names": list(self._zones.values()),
                "since": _since(window, before),
                **asdict(place),
                **(asdict(window) if window else {}),
                **more,
            },
        ).fetchone()
        return row[0] if row else None

    def _read_zones(self) -> dict[UUID, str]:
        if not self._layout.has_schools:
            return {}
        known = available_timezones()
        rows = self._connection.execute("SELECT id, timezone FROM schools").fetchall()
        return {school_id: zone if zone in known else "UTC" for school_id, zone in rows}


@contextmanager
def quiet_source(url: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection whose one read-only transaction sees one state of the source."""
    with psycopg.connect(url, connect_timeout=10, application_name="schoolhouse-compare") as connection:
        connection.read_only = True
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.execute("SET LOCAL TimeZone = 'UTC'")
        yield connection


def current_streak(dates: Sequence[date], today: date) -> int:
    """Length of the run of dates that ends today or yesterday; `dates` ascending."""
    runs = _runs([day for day in dates if day <= today])
    return len(runs[-1]) if runs and runs[-1][-1] >= today - timedelta(days=1) else 0


def traced(answers: Sequence[bool]) -> float:
    """Bayesian knowledge tracing (Corbett and Anderson 1995): the posterior after the last answer."""
    known = _START
    for is_correct in answers:
        if is_correct:
            seen = known * (1 - _SLIP) / (known * (1 - _SLIP) + (1 - known) * _GUESS)
        else:
            seen = known * _SLIP / (known * _SLIP + (1 - known) * (1 - _GUESS))
        known = seen + (1 - seen) * _TRANSIT
    return known


def level(knowledge: float) -> str:
    """The mastery level of a traced knowledge."""
    bounds = ((0.50, "beginning"), (0.80, "developing"), (0.95, "proficient"))
    return next((name for bound, name in bounds if knowledge < bound), "mastered")


def _runs(dates: Sequence[date]) -> list[list[date]]:
    runs: list[list[date]] = []
    for day in dates:
        if runs and day - runs[-1][-1] == timedelta(days=1):
            runs[-1].append(day)
        else:
            runs.append([day])
    return runs


def _since(window: Window | None, before: int) -> datetime:
    if window is None:
        return datetime.min.replace(year=1900, tzinfo=UTC)
    # The first local date of a window begins up to 14 hours before it does in UTC.
    first = window.first_date - timedelta(days=before + 1)
    return datetime.combine(first, time(), UTC)
