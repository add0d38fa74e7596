"""A small operational database in which every person exists to break one rule of metrics.md.

`load` fills an empty contract schema; `change` plays what happens between the second and the third night.
Three instants are of interest, all long past so that no time zone law can still move:

* `DST_HOUR`    2023-10-29 01:30 UTC, the second 02:30 of that night in Copenhagen
* `JANUARY_END` 2024-01-31 23:45 UTC, already February in half of the schools
* `LEAP_NIGHT`  2024-03-01 00:30 UTC, still 29 February in the Americas
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

import psycopg

DST_HOUR = datetime(2023, 10, 29, 1, 30, tzinfo=UTC)
JANUARY_END = datetime(2024, 1, 31, 23, 45, tzinfo=UTC)
LEAP_NIGHT = datetime(2024, 3, 1, 0, 30, tzinfo=UTC)

NAMES = UUID("5c400150-0000-4000-8000-000000000000")
MICROSECOND = timedelta(microseconds=1)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
BEGINNING = datetime(2022, 8, 1, tzinfo=UTC)

# code -> (country, time zone): both hemispheres, half hours, DST changes at midnight and of half an hour,
# UTC+13, UTC-10.
SCHOOLS = {
    "copenhagen": ("DK", "Europe/Copenhagen"),
    "new-york": ("US", "America/New_York"),
    "santiago": ("CL", "America/Santiago"),
    "adelaide": ("AU", "Australia/Adelaide"),
    "lord-howe": ("AU", "Australia/Lord_Howe"),
    "kolkata": ("IN", "Asia/Kolkata"),
    "tonga": ("TO", "Pacific/Tongatapu"),
    "honolulu": ("US", "Pacific/Honolulu"),
    "greenwich": ("IE", "UTC"),
    "mars": (None, "Mars/Olympus_Mons"),
    "empty": ("GB", "Europe/London"),
}
DST_DATES = {
    "copenhagen": (date(2023, 3, 26), date(2023, 10, 29)),
    "new-york": (date(2023, 3, 12), date(2023, 11, 5)),
    "santiago": (date(2023, 4, 2), date(2023, 9, 3)),
    "adelaide": (date(2023, 4, 2), date(2023, 10, 1)),
    "lord-howe": (date(2023, 4, 2), date(2023, 10, 1)),
}


def uid(kind: str, name: str) -> UUID:
    """Return the same UUID for the same kind and name in every run."""
    return uuid5(NAMES, f"{kind}/{name}")


def local(school: str, day: date, hour: int, minute: int = 0) -> datetime:
    """Return a wall-clock time of a school as an instant (the first one where the clock shows it twice)."""
    wall = datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZoneInfo(SCHOOLS[school][1]))
    return wall.astimezone(UTC)


class Rows:
    """Rows to insert, per table, in insertion order."""

    def __init__(self) -> None:
        self.tables: dict[str, list[dict[str, Any]]] = defaultdict(list)

    def add(self, table: str, **columns: Any) -> None:
        """Append one row."""
        self.tables[table].append(columns)

    def user(self, name: str, school: str | None, role: str = "STUDENT", **columns: Any) -> UUID:
        """Append a user; `school` None is the implicit school, an unknown code a dangling school_id."""
        self.add(
            "users",
            **{
                "id": uid("user", name),
                "school_id": uid("school", school) if school else None,
                "username": name,
                "email": f"{name}@example.org",
                "first_name": name.split("-")[0].title(),
                "last_name": name.title(),
                "role": role,
                "created_at": BEGINNING,
                "updated_at": BEGINNING,
            }
            | columns,
        )
        return uid("user", name)

    def event(self, name: str, at: datetime, xp: int = 0, lesson: str | None = None) -> None:
        """Append an event of a user; ids follow the order of insertion, not of time."""
        self.add(
            "analytics",
            user_id=uid("user", name),
            event_type="lesson_view" if lesson else "login",
            lesson_id=uid("lesson", lesson) if lesson else None,
            xp_earned=xp,
            created_at=at,
        )

    def progress(
        self, name: str, lesson: str, percentage: str, updated: datetime, completed: datetime | None = None
    ) -> None:
        """Append a progress row; at 100 it was completed when it was updated, unless said otherwise."""
        self.add(
            "user_progress",
            id=uid("progress", f"{name}/{lesson}"),
            user_id=uid("user", name),
            lesson_id=uid("lesson", lesson),
            progress_percentage=percentage,
            time_spent_seconds=len(name) * 10,
            completed_at=completed or (updated if percentage == "100" else None),
            created_at=updated,
            updated_at=updated,
        )

    def attempt(
        self,
        name: str,
        quiz: str,
        score: str | None,
        completed: datetime | None,
        *,
        started: datetime | None = None,
        tag: str = "",
    ) -> None:
        """Append an attempt, by default started ten minutes before it was completed."""
        begun = started or (completed or BEGINNING) - 10 * MINUTE
        self.add(
            "quiz_attempts",
            id=uid("attempt", f"{name}/{quiz}/{completed}/{tag}"),
            quiz_id=uid("quiz", quiz),
            user_id=uid("user", name),
            score=score,
            started_at=begun,
            completed_at=completed,
            updated_at=completed or begun,
        )

    def enroll(self, name: str, school_class: str, status: str = "active", at: datetime = BEGINNING) -> None:
        """Append an enrolment."""
        self.add(
            "class_enrollments",
            class_id=uid("class", school_class),
            student_id=uid("user", name),
            status=status,
            enrolled_at=at,
            updated_at=at,
        )

    def school_class(self, name: str, school: str | None, course: str | None, **columns: Any) -> None:
        """Append a class."""
        self.add(
            "classes",
            **{
                "id": uid("class", name),
                "school_id": uid("school", school) if school else None,
                "course_id": uid("course", course) if course else None,
                "name": name,
                "created_at": BEGINNING,
                "updated_at": BEGINNING,
            }
            | columns,
        )

    def consent(self, name: str, purpose: str, given: datetime, *, tag: str = "", **columns: Any) -> None:
        """Append a consent; the id is derived from name, purpose and tag."""
        self.add(
            "consents",
            **{
                "id": uid("consent", f"{name}/{purpose}/{tag}"),
                "user_id": uid("user", name),
                "purpose": purpose,
                "policy_version": "1",
                "given_by": "self",
                "given_at": given,
                "updated_at": given,
            }
            | columns,
        )


def load(connection: psycopg.Connection[Any]) -> None:
    """Fill an empty contract schema with all edge cases; foreign keys are not checked, as in real life."""
    rows = Rows()
    for cases in (
        _schools,
        _courses,
        _staff,
        _midnights,
        _clock_changes,
        _sessions,
        _streaks,
        _lifecycle,
        _leaderboards,
        _consents,
        _birthdays,
        _classes_of_seven_and_eight,
        _at_risk,
        _course_states,
        _mastery,
        _orphans,
        _future_rows,
        _late_rows,
        _overview,
        _window_edges,
        _reconciliation,
        _requests,
        _incidents,
    ):
        cases(rows)
    insert(connection, rows)


def insert(connection: psycopg.Connection[Any], rows: Rows) -> None:
    """Insert all rows with foreign keys and triggers off."""
    connection.execute("SET session_replication_role = replica")
    for table, records in rows.tables.items():
        for columns, group in _by_columns(records):
            names, marks = ", ".join(columns), ", ".join(["%s"] * len(columns))
            with connection.cursor() as cursor:
                cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", group)
    connection.execute("SET session_replication_role = DEFAULT")
    connection.commit()


def _by_columns(records: Iterable[dict[str, Any]]) -> list[tuple[tuple[str, ...], list[list[Any]]]]:
    """Group neighbouring records with the same columns, so that the order of event ids is kept."""
    groups: list[tuple[tuple[str, ...], list[list[Any]]]] = []
    for record in records:
        columns = tuple(record)
        if not groups or groups[-1][0] != columns:
            groups.append((columns, []))
        groups[-1][1].append(list(record.values()))
    return groups


def _schools(rows: Rows) -> None:
    for code, (country, zone) in SCHOOLS.items():
        rows.add(
            "schools",
            id=uid("school", code),
            code=code,
            name=f"School of {code}",
            country=country,
            timezone=zone,
            is_active=code != "lord-howe",
            created_at=BEGINNING,
            updated_at=BEGINNING,
        )


def _course(rows: Rows, course: str, lessons: int, title: str | None = None) -> None:
    rows.add(
        "courses",
        id=uid("course", course),
        title=title or f"Course {course}",
        subject=None if course == "bare" else "science",
        created_at=BEGINNING,
        updated_at=BEGINNING,
    )
    for number in range(1, lessons + 1):
        _lesson(rows, f"{course}-{number}", course, number)


def _lesson(rows: Rows, lesson: str, course: str, position: int, title: str | None = None) -> None:
    rows.add(
        "lessons",
        id=uid("lesson", lesson),
        course_id=uid("course", course),
        title=title or f"Lesson {lesson}",
        position=position,
        created_at=BEGINNING,
        updated_at=BEGINNING,
    )
    for kind in ("video", "text")[: position % 3]:
        rows.add(
            "contents",
            id=uid("content", f"{lesson}/{kind}"),
            lesson_id=uid("lesson", lesson),
            kind=kind,
            title=kind,
            created_at=BEGINNING,
            updated_at=BEGINNING,
        )


def _quiz(rows: Rows, quiz: str, lesson: str | None, needed: str = "70") -> None:
    rows.add(
        "quizzes",
        id=uid("quiz", quiz),
        lesson_id=uid("lesson", lesson) if lesson else None,
        title=f"Quiz {quiz}",
        pass_score=needed,
        due_at=LEAP_NIGHT if needed == "70" else None,
        created_at=BEGINNING,
        updated_at=BEGINNING,
    )


def _courses(rows: Rows) -> None:
    _course(rows, "algebra", 4)
    _course(rows, "botany", 5)
    _course(rows, "bare", 0)
    _course(rows, "twin-a", 1, "Same title")
    _course(rows, "twin-b", 1, "Same title")
    _lesson(rows, "twin-c-1", "twin-a", 2, "Lesson twin-b-1")
    _lesson(rows, "lost-course", "never-existed", 1)
    for number in range(1, 5):
        _quiz(rows, f"algebra-{number}", f"algebra-{number}")
    for number in range(1, 6):
        _quiz(rows, f"botany-{number}", f"botany-{number}", "50" if number == 1 else "70")
    _quiz(rows, "botany-1b", "botany-1", "70.01")
    _quiz(rows, "without-lesson", None)
    _quiz(rows, "dangling-lesson", "never-existed")
    _quiz(rows, "lost-course", "lost-course")


def _staff(rows: Rows) -> None:
    rows.user("platform-admin", None, "ADMIN")
    for school in SCHOOLS:
        if school != "empty":
            rows.user(f"teacher-{school}", school, "TEACHER")
    rows.user("admin-copenhagen", "copenhagen", "ADMIN")
    rows.user("idle-teacher", "copenhagen", "TEACHER", is_active=False)
    rows.user("teacher-nowhere", None, "TEACHER")
    for offset in (0, 3, 40):  # staff count as active users, never on a leaderboard
        rows.event("teacher-copenhagen", LEAP_NIGHT - offset * DAY - MINUTE, xp=500, lesson="algebra-1")
        rows.event("platform-admin", LEAP_NIGHT - offset * DAY - MINUTE, xp=1)
    rows.progress("teacher-copenhagen", "algebra-1", "100", LEAP_NIGHT - 2 * DAY)
    rows.attempt("teacher-copenhagen", "algebra-1", "99", LEAP_NIGHT - 2 * DAY)


def _midnights(rows: Rows) -> None:
    for school in SCHOOLS:
        if school in ("empty", "mars"):
            continue
        learner = f"midnight-{school}"
        rows.user(learner, school, last_login=LEAP_NIGHT - DAY)
        for day in (
            date(2023, 10, 28),
            date(2024, 1, 31),
            date(2024, 2, 1),
            date(2024, 2, 29),
            date(2024, 3, 1),
        ):
            midnight = local(school, day, 0)
            rows.event(learner, midnight - MICROSECOND, xp=3, lesson="algebra-1")
            rows.event(learner, midnight, xp=5, lesson="algebra-1")
            rows.event(learner, midnight + 23 * 60 * MINUTE, xp=1)
        before, after = local(school, date(2024, 2, 28), 0) - MICROSECOND, local(school, date(2024, 2, 28), 0)
        rows.progress(learner, "algebra-1", "100", before)
        rows.progress(learner, "algebra-2", "100", after)
        rows.progress(learner, "algebra-3", "99.99", after)
        rows.attempt(learner, "algebra-1", "70", before)
        rows.attempt(learner, "algebra-2", "69.99", after)
    rows.user("midnight-mars", "mars")
    rows.event(
        "midnight-mars", datetime(2024, 2, 28, 23, 59, 59, 999_999, tzinfo=UTC), xp=2, lesson="botany-1"
    )
    rows.event("midnight-mars", datetime(2024, 2, 29, tzinfo=UTC), xp=2, lesson="botany-1")
    rows.user("dangling-school", "never-existed")
    rows.event("dangling-school", datetime(2024, 2, 29, 23, 59, 59, tzinfo=UTC), xp=7)
    rows.event("dangling-school", datetime(2024, 3, 1, tzinfo=UTC), xp=7)


def _clock_changes(rows: Rows) -> None:
    for school, changes in DST_DATES.items():
        learner = f"hourly-{school}"
        rows.user(learner, school)
        for change in changes:
            start = local(school, change - DAY, 12)
            for hour in range(60):
                rows.event(
                    learner, start + hour * 60 * MINUTE, xp=1, lesson="botany-2" if hour % 7 == 0 else None
                )


def _sessions(rows: Rows) -> None:
    noon = datetime(2024, 2, 20, 12, tzinfo=UTC)
    rows.user("session-exact", "greenwich")
    rows.event("session-exact", noon)
    rows.event("session-exact", noon + 30 * MINUTE)
    rows.user("session-over", "greenwich")
    rows.event("session-over", noon)
    rows.event("session-over", noon + 30 * MINUTE + MICROSECOND)
    rows.user("session-simultaneous", "greenwich")
    for _ in range(3):
        rows.event("session-simultaneous", noon, xp=1)
    rows.user("session-over-midnight", "copenhagen")
    for minutes in (0, 20, 40, 60):
        rows.event(
            "session-over-midnight", local("copenhagen", date(2024, 2, 20), 23, 30) + minutes * MINUTE, xp=1
        )
    rows.user("session-three-days", "kolkata")
    for step in range(110):
        rows.event("session-three-days", local("kolkata", date(2024, 2, 18), 22) + step * 29 * MINUTE)
    rows.user("session-month-end", "new-york")
    for minutes in (0, 25, 50):
        rows.event("session-month-end", local("new-york", date(2024, 1, 31), 23, 45) + minutes * MINUTE, xp=4)
    rows.user("session-out-of-order", "greenwich")  # ids run against time
    for minutes in (90, 60, 30, 0, 121):
        rows.event("session-out-of-order", noon + minutes * MINUTE, xp=1)


def _streaks(rows: Rows) -> None:
    for school, changes in DST_DATES.items():
        for moment, hour, minute in (("early", 1, 15), ("late", 23, 50)):
            learner = f"streak-{moment}-{school}"
            rows.user(learner, school)
            for change in changes:
                for offset in range(-3, 4):
                    rows.event(learner, local(school, change + offset * DAY, hour, minute), xp=1)
    for name, offsets in {
        "streak-today": (0, 1, 2),
        "streak-yesterday": (1, 2, 3, 4),
        "streak-ended": (2, 3, 4, 5, 6),
        "streak-gap": (0, 1, 3, 4, 5),
        "streak-leap": (0, 1, 2),
    }.items():
        rows.user(name, "greenwich")
        for offset in offsets:
            rows.event(name, datetime(2024, 3, 1, tzinfo=UTC) - offset * DAY + MINUTE)
        for offset in offsets:
            rows.event(name, datetime(2023, 10, 29, tzinfo=UTC) - offset * DAY + MINUTE)
    rows.user("streak-tonga", "tonga")  # in Tonga 1 February has begun while UTC still writes January
    for day in (date(2024, 1, 30), date(2024, 1, 31), date(2024, 2, 1)):
        rows.event("streak-tonga", local("tonga", day, 0, 1), xp=2)


def _lifecycle(rows: Rows) -> None:
    today = date(2024, 3, 1)
    for name, offsets in {
        "life-new-first-day": (27,),
        "life-new-one-too-old": (28,),
        "life-returning": (0, 28),
        "life-returning-oldest": (27, 55),
        "life-resurrected": (0, 56),
        "life-resurrected-long": (5, 200),
        "life-dormant-newest": (28, 400),
        "life-dormant-oldest": (55,),
        "life-gone": (56,),
    }.items():
        rows.user(name, "copenhagen")
        for offset in offsets:
            rows.event(name, local("copenhagen", today - offset * DAY, 0, 30), xp=offset % 5)
    for name, dates in {
        "retained-sunday": (date(2024, 1, 7), date(2024, 1, 14), date(2024, 2, 25)),
        "retained-monday": (date(2024, 1, 8), date(2024, 1, 15), date(2024, 2, 26)),
        "retained-iso-year": (date(2023, 1, 1), date(2024, 1, 1)),
        "retained-leap": (date(2024, 2, 5), date(2024, 2, 29)),
    }.items():
        rows.user(name, "honolulu")
        for day in dates:
            rows.event(name, local("honolulu", day, 23, 59), xp=1)
            rows.event(name, local("honolulu", day, 0, 0), xp=1)


def _leaderboards(rows: Rows) -> None:
    today = date(2024, 3, 1)
    first = local("copenhagen", today, 0, 10)
    for name, first_minute, last_minute in (
        ("tie-first", 0, 5),
        ("tie-second", 1, 6),
        ("tie-same-moment-a", 2, 7),
        ("tie-same-moment-b", 3, 7),
        ("tie-same-moment-c", 4, 7),
    ):
        rows.user(name, "copenhagen")
        rows.enroll(name, "class-ties")
        rows.event(name, first + first_minute * MINUTE, xp=40)
        rows.event(name, first + last_minute * MINUTE, xp=60)
        for offset in (6, 7, 29, 30, 364, 365):  # both edges of every window
            rows.event(name, first - offset * DAY + last_minute * MINUTE, xp=10)
    rows.event("tie-first", first + 15 * MINUTE, xp=0, lesson="algebra-1")  # earns nothing: reached_at stays
    rows.event("tie-second", first + 15 * MINUTE, xp=-5)  # a correction earns nothing either ...
    rows.event("tie-second", first - 300 * DAY, xp=5)
    rows.user("tie-below", "copenhagen")
    rows.enroll("tie-below", "class-ties")
    rows.event("tie-below", first, xp=99)
    for name, amounts in {
        "xp-zero": (10, -10),
        "xp-negative": (5, -20),
        "xp-corrected": (-30, 50),
        "xp-only-old": (),
    }.items():
        rows.user(name, "copenhagen")
        for amount in amounts:
            rows.event(name, first - 2 * DAY, xp=amount)
    rows.event("xp-only-old", first - 100 * DAY, xp=1000)
    rows.user("only-one", "santiago")
    rows.enroll("only-one", "class-of-one")
    rows.event("only-one", LEAP_NIGHT - MINUTE, xp=3)
    rows.user("elsewhere", "tonga")  # enrolled in a class of another school: own today, class's board
    rows.enroll("elsewhere", "class-ties")
    rows.event("elsewhere", local("tonga", today, 0, 0), xp=100)
    rows.event("elsewhere", local("tonga", today, 0, 0) - MICROSECOND, xp=100)
    rows.user("far-west", "honolulu")
    rows.enroll("far-west", "class-ties")
    rows.event("far-west", local("honolulu", today - DAY, 0, 0), xp=100)
    rows.event("far-west", local("honolulu", today - DAY, 0, 0) - MICROSECOND, xp=100)
    rows.school_class("class-ties", "copenhagen", "algebra", teacher_id=uid("user", "teacher-copenhagen"))
    rows.school_class("class-of-one", "santiago", "algebra", teacher_id=uid("user", "teacher-santiago"))
    names: dict[str, dict[str, Any]] = {
        "name-first-only": {"last_name": None},
        "name-last-only": {"first_name": None},
        "name-none": {"first_name": None, "last_name": None},
    }
    for name, columns in names.items():
        rows.user(name, "copenhagen", birth_date=date(2000, 1, 1), **columns)
        rows.enroll(name, "class-ties")
        rows.event(name, first, xp=500)
        rows.progress(name, "algebra-1", "100", first)
    rows.user("opted-out", "copenhagen", leaderboard_opt_out=True)
    rows.user("inactive-account", "copenhagen", is_active=False)
    rows.user("withdrawn-enrolment", "copenhagen")
    for name in ("opted-out", "inactive-account", "withdrawn-enrolment"):
        rows.event(name, first, xp=100)
        rows.enroll(name, "class-ties", "withdrawn" if name == "withdrawn-enrolment" else "active")


def _consents(rows: Rows) -> None:
    given = datetime(2023, 1, 1, tzinfo=UTC)
    cases: dict[str, list[tuple[str, datetime, datetime | None]]] = {
        "consent-given": [("a", given, None)],
        "consent-withdrawn": [("a", given, given + 9 * DAY)],
        "consent-given-again": [("a", given, given + 9 * DAY), ("b", given + 10 * DAY, None)],
        "consent-withdrawn-again": [("a", given, None), ("b", given + 10 * DAY, given + 11 * DAY)],
        "consent-withdrawn-later": [("a", given, LEAP_NIGHT + MICROSECOND)],
        "consent-withdrawn-now": [("a", given, LEAP_NIGHT)],
        "consent-given-later": [("a", given, given + DAY), ("b", LEAP_NIGHT + DAY, None)],
        "consent-equal-a": [("a", given, None), ("b", given, given + DAY)],
        "consent-equal-b": [("a", given, given + DAY), ("b", given, None)],
        "consent-equal-c": [("c", given, None), ("d", given, given + DAY)],
        "consent-equal-d": [("c", given, given + DAY), ("d", given, None)],
    }
    for name, consents in cases.items():
        rows.user(name, "copenhagen", birth_date=date(2005, 5, 5))
        rows.event(name, LEAP_NIGHT - 10 * MINUTE, xp=20)
        for tag, given_at, withdrawn_at in consents:
            rows.consent(name, "leaderboard", given_at, tag=tag, withdrawn_at=withdrawn_at)
    rows.user("consent-other-purpose", "copenhagen", birth_date=date(2005, 5, 5))
    rows.event("consent-other-purpose", LEAP_NIGHT - 10 * MINUTE, xp=20)
    rows.consent("consent-other-purpose", "marketing", given, withdrawn_at=given + DAY)
    rows.consent("consent-other-purpose", "analytics", given, given_by="parent")
    for name, given_by, withdrawn in (
        ("minor-parent", "parent", None),
        ("minor-self", "self", None),
        ("minor-parent-withdrawn", "parent", given + DAY),
        ("minor-inactive", "self", None),
    ):
        rows.user(name, "copenhagen", birth_date=date(2015, 5, 5), is_active=name != "minor-inactive")
        rows.consent(name, "analytics", given, given_by=given_by, withdrawn_at=withdrawn)
    rows.user("minor-replaced", "copenhagen", birth_date=date(2015, 5, 5))
    rows.consent("minor-replaced", "analytics", given, tag="first", given_by="parent")
    rows.consent("minor-replaced", "analytics", given + DAY, tag="second", given_by="self")


def _birthdays(rows: Rows) -> None:
    for school in ("copenhagen", "greenwich", "new-york", "kolkata", "mars", "tonga"):
        for age in (13, 14, 15, 16):
            for label, birth in {
                "eve": date(2024 - age, 2, 28),
                "leap": date(2024 - age, 2, 29) if age == 16 else date(2024 - age, 3, 1),
                "today": date(2024 - age, 3, 1),
                "tomorrow": date(2024 - age, 3, 2),
                "january": date(2024 - age, 1, 31),
            }.items():
                rows.user(f"born-{label}-{age}-{school}", school, birth_date=birth, last_login=LEAP_NIGHT)
    rows.user("born-unknown", "copenhagen", birth_date=None)
    rows.user("born-leap-15", "copenhagen", birth_date=date(2008, 2, 29))


def _classes_of_seven_and_eight(rows: Rows) -> None:
    for size in (7, 8):
        name = f"class-of-{size}"
        rows.school_class(name, "greenwich", "algebra", teacher_id=uid("user", "teacher-greenwich"))
        _outlier_class(rows, name, size)
    rows.school_class("class-of-8-withdrawn", "greenwich", "algebra")
    _outlier_class(rows, "class-of-8-withdrawn", 8, last_status="withdrawn")
    rows.school_class("class-of-9-silent", "greenwich", "algebra")
    _outlier_class(rows, "class-of-9-silent", 9, silent=2)
    rows.school_class("class-of-8-fence", "greenwich", "algebra")
    for number, percentage in enumerate(("40", "60", "60", "60", "70", "70", "80", "39.99")):
        _classmate(rows, "class-of-8-fence", number, percentage)


def _outlier_class(rows: Rows, name: str, size: int, *, last_status: str = "active", silent: int = 0) -> None:
    for number in range(size):
        status = last_status if number == size - 1 else "active"
        percentage = None if number < silent else ("5" if number == silent else f"{60 + number}.25")
        _classmate(rows, name, number, percentage, status)


def _classmate(
    rows: Rows, school_class: str, number: int, percentage: str | None, status: str = "active"
) -> None:
    learner = f"{school_class}-{number}"
    rows.user(learner, "greenwich", last_login=LEAP_NIGHT - number * 10 * DAY)
    rows.enroll(learner, school_class, status)
    rows.event(learner, LEAP_NIGHT - DAY, xp=number, lesson="algebra-2")
    if percentage is not None:
        rows.progress(learner, "algebra-1", percentage, LEAP_NIGHT - DAY)


def _at_risk(rows: Rows) -> None:
    rows.school_class("class-risk", "copenhagen", "botany", teacher_id=uid("user", "teacher-copenhagen"))
    today = date(2024, 3, 1)
    for name, offsets in {
        "risk-never-started": (),
        "risk-active-and-last-month": (0, 30),
        "risk-seventh-day": (6,),
        "risk-eighth-day": (7,),
        "risk-staff-like": (0,),
    }.items():
        rows.user(name, "copenhagen")
        rows.enroll(name, "class-risk")
        for offset in offsets:
            rows.event(name, local("copenhagen", today - offset * DAY, 0, 5))
    for name, scores in {
        "risk-two-low": ("10", "10"),
        "risk-three-low": ("10", "10", "99"),
        "risk-exactly-fifty": ("50", "50", "50"),
        "risk-just-below": ("50", "50", "49.99"),
        "risk-old-good": ("100", "49", "50", "50", "50", "50"),
        "risk-old-bad": ("0", "50", "50", "50", "50", "50"),
    }.items():
        rows.user(name, "copenhagen")
        rows.enroll(name, "class-risk")
        rows.event(name, LEAP_NIGHT - 15 * MINUTE, xp=1)
        for number, score in enumerate(scores):
            at = LEAP_NIGHT - (60 - number) * MINUTE
            rows.attempt(name, f"botany-{number % 5 + 1}", score, at, tag=str(number))
    rows.user("risk-ties", "copenhagen")  # six attempts at one moment: the five with the largest ids count
    rows.enroll("risk-ties", "class-risk")
    rows.event("risk-ties", LEAP_NIGHT - 15 * MINUTE)
    for number, score in enumerate(("100", "60", "50", "40", "30", "20")):
        rows.attempt("risk-ties", "botany-1", score, LEAP_NIGHT - DAY, tag=f"tie-{number}")
    rows.user("risk-unfinished-attempts", "copenhagen")
    rows.enroll("risk-unfinished-attempts", "class-risk")
    rows.event("risk-unfinished-attempts", LEAP_NIGHT - 15 * MINUTE)
    for number in range(3):
        rows.attempt(
            "risk-unfinished-attempts", "botany-1", "10", None, started=LEAP_NIGHT - DAY, tag=f"{number}s"
        )
        rows.attempt("risk-unfinished-attempts", "botany-1", None, LEAP_NIGHT - DAY, tag=f"{number}c")


def _course_states(rows: Rows) -> None:
    rows.school_class("class-no-course", "copenhagen", None)
    rows.school_class("class-dangling-course", "copenhagen", "never-existed")
    rows.school_class("class-no-lessons", "copenhagen", "bare", teacher_id=uid("user", "never-existed"))
    rows.school_class("class-no-school", None, "botany", teacher_id=uid("user", "teacher-nowhere"))
    rows.school_class("class-dangling-school", "never-existed", "twin-a")
    rows.school_class("class-closed", "copenhagen", "twin-b", is_active=False)
    rows.school_class("class-deserted", "copenhagen", "twin-a")
    rows.school_class("class-botany-too", "copenhagen", "botany")
    rows.user("finished-all", "copenhagen")
    rows.user("finished-almost", "copenhagen")
    rows.user("finished-by-status", "copenhagen")
    for name in ("finished-all", "finished-almost", "finished-by-status"):
        rows.enroll(name, "class-risk", "completed" if name == "finished-by-status" else "active")
        rows.enroll(name, "class-botany-too")  # the same learner twice in the same course
    for number in range(1, 6):
        rows.progress("finished-all", f"botany-{number}", "100", LEAP_NIGHT - number * DAY)
        percentage = "99.99" if number == 5 else "100"
        rows.progress("finished-almost", f"botany-{number}", percentage, LEAP_NIGHT - number * DAY)
    for name in ("class-no-course", "class-dangling-course", "class-no-lessons", "class-closed"):
        rows.enroll("finished-all", name)
        rows.enroll("finished-almost", name, "completed" if name == "class-closed" else "active")
    rows.enroll("teacher-copenhagen", "class-risk")  # enrolled, but no learner
    rows.user("school-less", None, last_login=LEAP_NIGHT - 2 * DAY)
    rows.enroll("school-less", "class-no-school")
    rows.enroll("dangling-school", "class-dangling-school", "withdrawn")
    for offset in range(3):
        rows.event("school-less", LEAP_NIGHT - offset * DAY, xp=11, lesson="twin-b-1")
        rows.event("school-less", LEAP_NIGHT - offset * DAY - MINUTE, xp=11, lesson="twin-c-1")
    rows.progress("school-less", "twin-a-1", "12.34", LEAP_NIGHT - 400 * DAY)
    rows.progress("school-less", "twin-b-1", "100", LEAP_NIGHT - MINUTE)
    rows.progress("school-less", "lost-course", "55.55", LEAP_NIGHT - MINUTE)
    rows.attempt("school-less", "lost-course", "80", LEAP_NIGHT - MINUTE)


def _mastery(rows: Rows) -> None:
    start = datetime(2024, 2, 10, 9, tzinfo=UTC)
    for name, scores in {
        "master-none": (),
        "master-one": ("100",),
        "master-two": ("100", "100"),
        "master-three": ("100", "100", "100"),
        "master-five": ("100", "100", "100", "100", "100"),
        "master-wrong": ("0", "0", "0", "0", "0"),
        "master-mixed": ("100", "0", "100", "0", "100"),
        "master-reversed": ("0", "100", "0", "100", "100"),
        "master-boundary": ("50", "69.99", "70", "70.00", "69.99"),
    }.items():
        rows.user(name, "adelaide")
        rows.enroll(name, "class-mastery")
        for number, score in enumerate(scores, start=1):
            rows.attempt(name, f"botany-{number}", score, start + number * DAY)
        rows.attempt(name, "without-lesson", "100", start)
        rows.attempt(name, "dangling-lesson", "0", start)
    rows.school_class("class-mastery", "adelaide", "botany", teacher_id=uid("user", "teacher-adelaide"))
    rows.user("master-retakes", "adelaide")
    rows.enroll("master-retakes", "class-mastery")
    for number in range(1, 5):  # wrong first, right later; an unfinished try before both
        rows.attempt("master-retakes", f"botany-{number}", None, None, started=start, tag="unfinished")
        rows.attempt("master-retakes", f"botany-{number}", "100", start + (10 + number) * DAY)
        rows.attempt("master-retakes", f"botany-{number}", "10", start + number * DAY)
    rows.user("master-simultaneous", "adelaide")  # equal completed_at within and across quizzes: ids decide
    for number in range(1, 6):
        for tag, score in (("x", "100"), ("y", "0"), ("z", "70")):
            rows.attempt("master-simultaneous", f"botany-{number}", score, start, tag=tag)
    rows.user("master-two-quizzes-of-one-lesson", "adelaide")
    rows.attempt("master-two-quizzes-of-one-lesson", "botany-1", "70", start)
    rows.attempt("master-two-quizzes-of-one-lesson", "botany-1b", "70", start + MICROSECOND)
    rows.attempt("master-two-quizzes-of-one-lesson", "botany-2", "70", start + DAY)
    for number, percentage in enumerate(("99.99", "100", "0", "33.33", "66.67"), start=1):
        rows.progress("master-five", f"botany-{number}", percentage, start + number * DAY)
    rows.progress("master-none", "botany-1", "0", start)
    rows.progress("master-none", "algebra-1", "1.01", start)
    rows.progress("master-none", "algebra-2", "2.02", start)
    rows.progress("master-none", "algebra-3", "2.03", start)


def _orphans(rows: Rows) -> None:
    at = LEAP_NIGHT - 2 * DAY
    rows.user("orphan-maker", "copenhagen")
    rows.event("never-existed", at, xp=77)
    rows.event("orphan-maker", at, xp=78, lesson="never-existed")
    rows.event("orphan-maker", at, xp=1)
    rows.progress("never-existed", "algebra-1", "100", at)
    rows.progress("orphan-maker", "never-existed", "100", at)
    rows.attempt("never-existed", "algebra-1", "100", at)
    rows.attempt("orphan-maker", "never-existed", "1", at)
    rows.enroll("never-existed", "class-risk")
    rows.enroll("orphan-maker", "never-existed")
    rows.consent("never-existed", "leaderboard", at)
    rows.add("leaderboard", user_id=uid("user", "never-existed"), total_xp=5, rank=1, updated_at=at)


def _future_rows(rows: Rows) -> None:
    """One row exactly at each instant (it counts) and one a microsecond later (it does not)."""
    for label, as_of in (("dst", DST_HOUR), ("january", JANUARY_END), ("leap", LEAP_NIGHT)):
        now, later = as_of, as_of + MICROSECOND
        name = f"future-{label}"
        rows.user(name, "copenhagen", last_login=later)
        rows.event(name, now, xp=9, lesson="algebra-4")
        rows.event(name, later, xp=90, lesson="algebra-4")
        rows.progress(name, "algebra-1", "100", now)
        rows.progress(name, "algebra-2", "100", later)
        rows.attempt(name, "algebra-1", "80", now)
        rows.attempt(name, "algebra-2", "80", later)
        rows.attempt(name, "algebra-3", None, None, started=now)
        rows.attempt(name, "algebra-4", None, None, started=later)
        rows.enroll(name, "class-ties", at=now)
        rows.enroll(name, "class-botany-too", at=later)
        rows.user(f"{name}-early", "tonga", last_login=now)
        rows.event(f"{name}-early", now, xp=12, lesson="botany-3")
        rows.progress(f"{name}-early", "botany-3", "100", now)


def _late_rows(rows: Rows) -> None:
    rows.user("offline", "kolkata")
    for offset in (0, 1, 2, 9, 40, 200):
        rows.event("offline", LEAP_NIGHT - offset * DAY - 3 * MINUTE, xp=6, lesson="botany-4")


def _overview(rows: Rows) -> None:
    for name, last_login in {
        "login-exactly-30-days": LEAP_NIGHT - 720 * 60 * MINUTE,
        "login-a-microsecond-too-old": LEAP_NIGHT - 720 * 60 * MINUTE - MICROSECOND,
        "login-never": None,
        "login-now": LEAP_NIGHT,
    }.items():
        rows.user(name, "new-york", last_login=last_login)
        rows.user(f"{name}-closed", "new-york", last_login=last_login, is_active=False)
    rows.user("login-teacher", "new-york", "TEACHER", last_login=LEAP_NIGHT)
    rows.school_class("class-new-york", "new-york", "botany", teacher_id=uid("user", "login-teacher"))
    rows.enroll("login-now", "class-new-york")
    rows.enroll("login-never", "class-new-york", "completed")
    rows.enroll("login-now-closed", "class-new-york")


def _window_edges(rows: Rows) -> None:
    """Activity on both edges of 1, 7, 30 and 365 days, in a school ahead of UTC and in one behind."""
    for school, today in (("tonga", date(2024, 3, 1)), ("honolulu", date(2024, 2, 29))):
        for offset in (0, 1, 6, 7, 29, 30, 364, 365):
            learner = f"edge-{offset}-{school}"
            rows.user(learner, school)
            at = local(school, today - offset * DAY, 0, 0)
            rows.event(learner, at, xp=offset + 1, lesson="twin-a-1")
            rows.progress(learner, "twin-a-1", "100" if offset % 2 else "50", at)
            rows.attempt(learner, "without-lesson", str(offset % 100), at)
    rows.user("edge-same-second", "honolulu")
    for lesson in ("algebra-1", "algebra-2", "algebra-3"):
        rows.progress("edge-same-second", lesson, "100", LEAP_NIGHT - 5 * MINUTE)


def _reconciliation(rows: Rows) -> None:
    for name, total in {
        "session-simultaneous": 3,
        "session-out-of-order": 6,
        "xp-zero": 0,
        "xp-negative": -15,
        "inactive-account": 100,
        "teacher-copenhagen": 1,
    }.items():
        rows.add("leaderboard", user_id=uid("user", name), total_xp=total, rank=1, updated_at=BEGINNING)


def _requests(rows: Rows) -> None:
    """Receipts and closings around month ends, weekends, midnights and 29 February, in several zones."""
    evening = 23, 59
    for school in ("copenhagen", "new-york", "tonga"):
        for number, received in enumerate(
            (
                local(school, date(2024, 1, 31), 10),  # 29 February: past in Denmark, today in New York
                local(school, date(2024, 1, 30), 10),
                local(school, date(2024, 2, 1), 0),  # due today
                local(school, date(2024, 1, 24), 12),  # a Saturday
                local(school, date(2024, 1, 25), 12),  # a Sunday
                local(school, date(2024, 2, 7), *evening),  # a week and a weekend away
                local(school, date(2024, 2, 8), *evening),
                local(school, date(2023, 10, 31), 0),  # there is no 31 November
                local(school, date(2023, 12, 31), *evening),
                datetime(2023, 12, 31, 23, 30, tzinfo=UTC),
                LEAP_NIGHT,
                LEAP_NIGHT + MICROSECOND,
            )
        ):
            _request(rows, f"open-{number}-{school}", school, received)
        received = local(school, date(2023, 11, 30), 12)  # first deadline Saturday 30 December: 1 January
        in_time, too_late = local(school, date(2024, 1, 1), *evening), local(school, date(2024, 1, 2), 0)
        for months in (1, 2):
            _request(rows, f"extended-{months}-{school}", school, received, months=months, notified=in_time)
            _request(rows, f"too-late-{months}-{school}", school, received, months=months, notified=too_late)
        _request(rows, f"never-told-{school}", school, received, months=2)
        _request(rows, f"told-later-{school}", school, received, months=2, notified=LEAP_NIGHT + DAY)
        for status in ("completed", "refused"):
            for label, closed in (
                ("in-time", local(school, date(2024, 1, 1), *evening)),
                ("late", local(school, date(2024, 1, 2), 0)),
                ("after-as-of", LEAP_NIGHT + MICROSECOND),
            ):
                _request(rows, f"{status}-{label}-{school}", school, received, status=status, closed=closed)
    _request(rows, "nowhere", None, LEAP_NIGHT - 40 * DAY)
    _request(rows, "lost-school", "never-existed", LEAP_NIGHT - 40 * DAY)
    _request(rows, "gone", "kolkata", LEAP_NIGHT - 40 * DAY, kind="erasure", user="never-there")


def _request(
    rows: Rows,
    name: str,
    school: str | None,
    received: datetime,
    *,
    status: str = "in_progress",
    closed: datetime | None = None,
    months: int = 0,
    notified: datetime | None = None,
    kind: str = "access",
    user: str = "orphan-maker",
) -> None:
    rows.add(
        "data_subject_requests",
        id=uid("request", name),
        user_id=uid("user", user),
        school_id=uid("school", school) if school else None,
        kind=kind,
        status=status,
        received_at=received,
        extension_months=months,
        extension_notified_at=notified,
        completed_at=closed,
        updated_at=received,
    )


def _incidents(rows: Rows) -> None:
    """72 hours to the microsecond, told or not, before and after as_of."""
    limit = timedelta(hours=72)
    for school, aware in (
        ("copenhagen", LEAP_NIGHT - limit),
        ("santiago", local("santiago", date(2023, 9, 2), 12)),
    ):
        for label, aware_at, notified in (
            ("open", aware, None),
            ("open-late", aware - MICROSECOND, None),
            ("open-fresh", aware + MICROSECOND, None),
            ("told-in-time", aware - DAY, aware - DAY + limit),
            ("told-late", aware - DAY, aware - DAY + limit + MICROSECOND),
            ("told-after-as-of", aware + DAY, LEAP_NIGHT + DAY),
            ("future", LEAP_NIGHT + MICROSECOND, None),
        ):
            rows.add(
                "security_incidents",
                id=uid("incident", f"{label}/{school}"),
                school_id=uid("school", school),
                aware_at=aware_at,
                notified_at=notified,
                subjects_affected=len(label),
                closed_at=aware_at + DAY if label == "told-in-time" else None,
                updated_at=aware_at,
            )


CHANGES = (
    # A learner becomes a teacher, another moves from UTC-10 to UTC+13, a third loses the school.
    "UPDATE users SET role = 'TEACHER', updated_at = %(now)s WHERE username = 'risk-staff-like'",
    "UPDATE users SET school_id = (SELECT id FROM schools WHERE code = 'tonga'), updated_at = %(now)s"
    " WHERE username = 'far-west'",
    "UPDATE users SET school_id = NULL, updated_at = %(now)s WHERE username = 'retained-leap'",
    # A whole school changes its zone, and one gets a valid zone name at last.
    "UPDATE schools SET timezone = 'Australia/Perth', updated_at = %(now)s WHERE code = 'adelaide'",
    "UPDATE schools SET timezone = 'America/Halifax', updated_at = %(now)s WHERE code = 'mars'",
    # A person, a lesson and a quiz disappear: their rows become orphans overnight.
    "DELETE FROM users WHERE username IN ('tie-same-moment-b', 'streak-gap', 'class-of-8-3')",
    "DELETE FROM lessons WHERE title = 'Lesson algebra-4'",
    "DELETE FROM quizzes WHERE title = 'Quiz botany-5'",
    # Somebody who was an orphan comes back.
    "INSERT INTO users (id, username, email, role)"
    " VALUES (%(ghost)s, 'ghost', 'ghost@example.org', 'STUDENT')",
    # Rows are corrected in place, removed, and arrive late.
    "UPDATE quiz_attempts SET score = 95, updated_at = %(now)s"
    " WHERE user_id = (SELECT id FROM users WHERE username = 'master-wrong') AND score = 0",
    "UPDATE user_progress SET progress_percentage = 100, completed_at = %(now)s, updated_at = %(now)s"
    " WHERE user_id = (SELECT id FROM users WHERE username = 'finished-almost')",
    "UPDATE class_enrollments SET status = 'withdrawn', updated_at = %(now)s"
    " WHERE student_id = (SELECT id FROM users WHERE username = 'tie-below')",
    "UPDATE users SET leaderboard_opt_out = true, updated_at = %(now)s WHERE username = 'tie-first'",
    "UPDATE analytics SET xp_earned = xp_earned + 1"
    " WHERE user_id = (SELECT id FROM users WHERE username = 'life-resurrected-long')",
    "DELETE FROM analytics WHERE id IN (SELECT id FROM analytics WHERE user_id ="
    " (SELECT id FROM users WHERE username = 'session-three-days') ORDER BY created_at LIMIT 40)",
    "DELETE FROM user_progress WHERE user_id = (SELECT id FROM users WHERE username = 'edge-30-honolulu')",
    "INSERT INTO analytics (user_id, event_type, xp_earned, created_at)"
    " SELECT id, 'login', 13, timestamptz '2023-11-11 11:11:11+00' FROM users WHERE username = 'offline'",
)


def change(connection: psycopg.Connection[Any]) -> None:
    """Play the changes that happen between `JANUARY_END` and `LEAP_NIGHT`."""
    connection.execute("SET session_replication_role = replica")
    for statement in CHANGES:
        connection.execute(statement, {"now": LEAP_NIGHT - DAY, "ghost": uid("user", "never-existed")})
    connection.execute("SET session_replication_role = DEFAULT")
    connection.commit()
