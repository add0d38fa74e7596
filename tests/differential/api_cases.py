"""Which questions are asked of the API, by whom, and the plain SQL that answers each."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from .nights import Night
from .plain_sql import Reference, Row

PLATFORM_ROLES = ("platform admin", "platform analyst")
SCHOOL_ROLES = ("admin", "teacher", "student", "analyst")
ROLES = (*PLATFORM_ROLES, *SCHOOL_ROLES)
NOBODY = "00000000-0000-4000-8000-000000000001"
DAYS = (1, 6, 13, 14, 30, 365)
ADMIN, STAFF, EVERYBODY = ("platform admin", "admin"), ("platform admin", "admin", "teacher"), ROLES
PEOPLE_PER_SCHOOL = 2


@dataclass(frozen=True)
class Caller:
    """The claims of a token; `school_id` is a source id, "unassigned" or None for the whole platform."""

    role: str
    user_id: str
    school_id: str | None

    @property
    def claims(self) -> dict[str, str]:
        """The JWT's claims but for its expiry."""
        school = {} if self.school_id in (None, "unassigned") else {"school_id": str(self.school_id)}
        return {"sub": self.user_id, "role": self.role} | school


@dataclass(frozen=True)
class Case:
    """One request and the values that reference/<sql>.sql needs to answer it."""

    caller: Caller
    path: str
    sql: str
    parameters: dict[str, Any] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        school = self.caller.school_id or "the platform"
        return f"{self.caller.role} of {school} {self.path} {json.dumps(self.parameters)}"


@dataclass(frozen=True)
class Population:
    """Who there is to ask about in one source."""

    night: Night
    people: tuple[Row, ...]
    classes: tuple[Row, ...]
    schools: tuple[str, ...]

    def school_ids(self, role: str) -> list[str | None]:
        """Return the schools that callers of this role come from."""
        if role in PLATFORM_ROLES:
            return [None]
        return [school for school in self.schools if school != "unassigned" or role in ("teacher", "student")]

    def members(self, school_id: str | None, role: str) -> list[Row]:
        """Return the people of a school (None: of all) with a source role."""
        return [
            person
            for person in self.people
            if person["role"] == role and school_id in (None, person["school_id"])
        ]

    def classes_of(self, school_id: str | None) -> list[str]:
        """Return the ids of the classes of a school (None: of all)."""
        return [row["class_id"] for row in self.classes if school_id in (None, row["school_id"])]

    def callers(self, role: str) -> Iterator[Caller]:
        """Return callers of a role: one per school, of students several."""
        for school_id in self.school_ids(role):
            if role != "student":
                found = self.members(school_id, "TEACHER" if role == "teacher" else "ADMIN")
                yield Caller(role.split()[-1], found[0]["user_id"] if found else NOBODY, school_id)
                continue
            for person in spread(self.members(school_id, "STUDENT"), PEOPLE_PER_SCHOOL):
                yield Caller("student", person["user_id"], school_id)


def population(night: Night, reference: Reference) -> Population:
    """Read from the source who may ask and be asked about."""
    return Population(
        night,
        tuple(reference.rows("people")),
        tuple(reference.rows("class_ids")),
        tuple(row["school_id"] for row in reference.rows("school_ids")),
    )


def spread(rows: list[Any], count: int) -> list[Any]:
    """Return at most `count` rows, evenly spread."""
    step = max(1, len(rows) // count)
    return rows[::step][:count]


def overview(people: Population, role: str) -> Iterator[Case]:
    """Return requests for /analytics/overview."""
    for caller in people.callers(role):
        yield Case(caller, "/analytics/overview", "api_overview")


def student_progress(people: Population, role: str) -> Iterator[Case]:
    """Return requests for /analytics/student-progress, with and without a class."""
    for caller in people.callers(role):
        if caller.role == "student":
            students = [caller.user_id]
        else:
            members = people.members(caller.school_id, "STUDENT")
            students = [row["user_id"] for row in spread(members, 20 if caller.school_id is None else 4)]
        for student in students:
            named = {} if caller.role == "student" else {"student_id": student}
            for class_id in (None, *spread(people.classes_of(caller.school_id), 1)):
                yield Case(
                    caller,
                    "/analytics/student-progress",
                    "api_student_progress",
                    named | ({"class_id": class_id} if class_id else {}),
                    {"student_id": student, "class_id": class_id},
                )


def weekly_xp(people: Population, role: str) -> Iterator[Case]:
    """Return requests for /analytics/weekly_xp."""
    for caller in people.callers(role):
        if caller.user_id != NOBODY:
            yield Case(caller, "/analytics/weekly_xp", "api_weekly_xp")


def subject_mastery(people: Population, role: str) -> Iterator[Case]:
    """Return requests for /analytics/subject_mastery."""
    for caller in people.callers(role):
        if caller.user_id != NOBODY:
            yield Case(caller, "/analytics/subject_mastery", "api_subject_mastery")


def trends_engagement(people: Population, role: str) -> Iterator[Case]:
    """Return requests for /analytics/trends/engagement: the default, and other lengths in turn."""
    for number, caller in enumerate(people.callers(role)):
        yield Case(caller, "/analytics/trends/engagement", "api_trends_engagement", {}, {"days": 30})
        for days in DAYS if caller.school_id is None else (DAYS[number % len(DAYS)],):
            asked = {"days": days}
            yield Case(caller, "/analytics/trends/engagement", "api_trends_engagement", asked, asked)


def trends_content(people: Population, role: str) -> Iterator[Case]:
    """Return requests for /analytics/trends/content."""
    for caller in people.callers(role):
        for days in (1, 30, 365):
            yield Case(
                caller, "/analytics/trends/content", "api_trends_content", {"days": days}, {"days": days}
            )


def dashboard(people: Population, role: str) -> Iterator[Case]:
    """Return requests for /analytics/dashboard."""
    for caller in people.callers(role):
        for time_range in ("day", "week", "month", "year"):
            yield Case(
                caller,
                "/analytics/dashboard",
                "api_dashboard",
                {} if time_range == "week" else {"time_range": time_range},
                {"time_range": time_range},
            )


def summary(people: Population, role: str) -> Iterator[Case]:
    """Return requests for /analytics/summary: the default range, a day, a year, with and without class."""
    today = people.night.as_of.date()
    ranges: tuple[dict[str, date], ...] = (
        {},
        {"start_date": today, "end_date": today},
        {"start_date": today - timedelta(days=1), "end_date": today + timedelta(days=1)},
        {"start_date": today - timedelta(days=366), "end_date": today - timedelta(days=2)},
    )
    for caller in people.callers(role):
        for dates in ranges:
            classes = people.classes_of(caller.school_id) if dates in ranges[::3] else []
            for class_id in (None, *spread(classes, 10)):
                asked = {name: day.isoformat() for name, day in dates.items()}
                asked |= {"class_id": class_id} if class_id else {}
                values = {"start_date": None, "end_date": None, "class_id": None} | asked
                yield Case(caller, "/analytics/summary", "api_summary", asked, values)


def leaderboard(people: Population, role: str) -> Iterator[Case]:
    """Return requests for /gamification/leaderboard: every timeframe and scope, around the caller too."""
    for caller in people.callers(role):
        whole = "global" if caller.school_id is None else "school"
        yield _board(caller, "week", whole, 10, {})
        for timeframe in ("day", "week", "month", "all"):
            yield _board(
                caller, timeframe, whole, 100, {"timeframe": timeframe, "limit": 100, "scope": whole}
            )
            yield _board(caller, timeframe, whole, 5, {"timeframe": timeframe, "limit": 5, "around": "me"})
        for class_id in spread(people.classes_of(caller.school_id), 2):
            asked = {"timeframe": "all", "scope": "class", "class_id": class_id}
            yield _board(caller, "all", "class", 10, asked)


def compliance(people: Population, role: str) -> Iterator[Case]:
    """Return requests for /compliance/status."""
    for caller in people.callers(role):
        yield Case(caller, "/compliance/status", "api_compliance_status")


def _board(caller: Caller, timeframe: str, scope: str, limit: int, asked: dict[str, Any]) -> Case:
    values = {
        "timeframe": timeframe,
        "scope": scope,
        "class_id": asked.get("class_id"),
        "limit": limit,
        "around_me": "around" in asked,
    }
    return Case(caller, "/gamification/leaderboard", "api_leaderboard", asked, values)


# path -> (who may ask, its cases)
ENDPOINTS = {
    "overview": (EVERYBODY, overview),
    "student-progress": ((*STAFF, "student"), student_progress),
    "weekly_xp": (("teacher", "student"), weekly_xp),
    "subject_mastery": (("teacher", "student"), subject_mastery),
    "trends-engagement": (ADMIN, trends_engagement),
    "trends-content": (STAFF, trends_content),
    "dashboard": (STAFF, dashboard),
    "summary": (STAFF, summary),
    "leaderboard": (EVERYBODY, leaderboard),
    "compliance": (ADMIN, compliance),
}
