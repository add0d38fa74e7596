"""Questions that the API and the source are both asked: who asks, for what, and what the source says."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID, uuid4

import psycopg

from api.tokens import Role
from pipeline.direct import DAYS, Direct, Json, Place, Window

_DRAWN_PEOPLE: Final = 50


@dataclass(frozen=True)
class Caller:
    """Whose token a question carries; user_id is the learner's for a student, else nobody's."""

    role: Role
    place: Place
    user_id: UUID

    def __str__(self) -> str:
        return f"{self.role} of {'the platform' if self.place.everybody else 'one school'}"


@dataclass(frozen=True)
class Question:
    """One request, and how the source answers it."""

    caller: Caller
    path: str
    params: dict[str, str]
    expected: Callable[[Direct], Json]

    def __str__(self) -> str:
        query = f"?{urlencode(self.params)}" if self.params else ""
        return f"{self.path}{query} as {self.caller}"


@dataclass(frozen=True)
class People:
    """People to ask about, each with the school; the schools are theirs, None is the unassigned one."""

    learners: list[tuple[UUID, UUID | None]]
    staff: list[tuple[UUID, UUID | None]]
    schools: list[UUID | None]


def people_of(connection: psycopg.Connection[Any], seed: int) -> People:
    """At most 50 of each role, shuffled by the seed."""
    has_school = connection.execute(
        "SELECT count(*) FROM pg_attribute WHERE attrelid = to_regclass('users') AND attname = 'school_id'"
    ).fetchone()
    is_assigned = bool(has_school and has_school[0]) and _has_table(connection, "schools")
    school = "(SELECT schools.id FROM schools WHERE schools.id = users.school_id)" if is_assigned else "NULL"
    rows = connection.execute(
        f"""
        SELECT role::text, id, school_id FROM (
            SELECT users.role, users.id, {school} AS school_id,
                row_number() OVER (PARTITION BY users.role ORDER BY md5(users.id::text || %s)) AS place
            FROM users
        ) AS shuffled
        WHERE place <= %s ORDER BY role, place
        """,  # noqa: S608 - one of two fixed expressions
        [str(seed), _DRAWN_PEOPLE],
    ).fetchall()
    schools = sorted({school_id for _, _, school_id in rows}, key=str)
    return People(
        learners=[(user_id, school_id) for role, user_id, school_id in rows if role == "STUDENT"],
        staff=[(user_id, school_id) for role, user_id, school_id in rows if role != "STUDENT"],
        schools=[*schools] or [None],
    )


def questions(chance: random.Random, people: People) -> Iterator[Question]:
    """Questions without end; every kind comes before any comes again."""
    kinds = (_overview, _engagement, _content, _summary, _dashboard, _leaderboard)
    personal = (_student_progress, _weekly_xp, _subject_mastery, _user)
    while True:
        for general in kinds:
            yield general(chance, _administrator(chance, people))
        for own in personal if people.learners else ():
            yield own(chance, people)


def _administrator(chance: random.Random, people: People) -> Caller:
    is_platform = chance.random() < 0.3
    school = None if is_platform else chance.choice(people.schools)
    # Without a school an administrator is the platform's: the unassigned school has teachers only.
    place = Place(everybody=school is None, school_id=school)
    return Caller(Role.ADMIN, place, uuid4())


def _overview(_: random.Random, caller: Caller) -> Question:
    return Question(caller, "/analytics/overview", {}, lambda source: source.overview(caller.place))


def _engagement(chance: random.Random, caller: Caller) -> Question:
    days = chance.choice((1, 13, 14, 30, 60))
    path = "/analytics/trends/engagement"
    return Question(caller, path, {"days": str(days)}, lambda source: source.engagement(caller.place, days))


def _content(chance: random.Random, caller: Caller) -> Question:
    days = chance.choice((1, 7, 30, 90))
    path = "/analytics/trends/content"
    return Question(caller, path, {"days": str(days)}, lambda source: source.content(caller.place, days))


def _summary(chance: random.Random, caller: Caller) -> Question:
    today = datetime.now(UTC).date()
    window = Window.ending(today - timedelta(days=chance.randrange(200)), chance.choice((1, 30, 180)))
    params = {"start_date": window.first_date.isoformat(), "end_date": window.last_date.isoformat()}
    path = "/analytics/summary"
    return Question(caller, path, params, lambda source: source.summary(caller.place, window, None))


def _dashboard(chance: random.Random, caller: Caller) -> Question:
    time_range = chance.choice(("day", "week", "month"))
    params = {"time_range": time_range}
    path = "/analytics/dashboard"
    return Question(caller, path, params, lambda source: source.dashboard(caller.place, time_range))


def _leaderboard(chance: random.Random, caller: Caller) -> Question:
    timeframe = chance.choice(("day", "week", "month"))

    def expected(source: Direct) -> Json:
        board = source.board(caller.place, timeframe)
        end = source.today(caller.place)
        return {
            "timeframe": timeframe,
            "from": Window.ending(end, DAYS[timeframe] or 1).first_date.isoformat(),
            "to": end.isoformat(),
            "entries": [{**entry, "is_current_user": False} for entry in board[:100]],
            "current_user": None,
            "participants_total": len(board),
        }

    return Question(caller, "/gamification/leaderboard", {"timeframe": timeframe, "limit": "100"}, expected)


def _student(chance: random.Random, people: People) -> Caller:
    user_id, school_id = chance.choice(people.learners)
    return Caller(Role.STUDENT, Place(everybody=False, school_id=school_id), user_id)


def _student_progress(chance: random.Random, people: People) -> Question:
    caller = _student(chance, people)
    path = "/analytics/student-progress"
    return Question(caller, path, {}, lambda source: source.student_progress(caller.place, caller.user_id))


def _weekly_xp(chance: random.Random, people: People) -> Question:
    caller = _student(chance, people)
    path = "/analytics/weekly_xp"
    return Question(caller, path, {}, lambda source: source.weekly_xp(caller.place, caller.user_id))


def _subject_mastery(chance: random.Random, people: People) -> Question:
    caller = _student(chance, people)
    path = "/analytics/subject_mastery"
    return Question(caller, path, {}, lambda source: source.subject_mastery(caller.place, caller.user_id))


def _user(chance: random.Random, people: People) -> Question:
    user_id, _ = chance.choice(people.staff + people.learners)
    caller = Caller(Role.ADMIN, Place(everybody=True, school_id=None), uuid4())
    return Question(caller, f"/users/{user_id}", {}, lambda source: source.user(caller.place, user_id))


def _has_table(connection: psycopg.Connection[Any], name: str) -> bool:
    row = connection.execute("SELECT to_regclass(%s) IS NOT NULL", [name]).fetchone()
    return bool(row and row[0])
