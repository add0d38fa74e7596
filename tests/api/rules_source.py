"""A source written by hand for the rules of the endpoints: every figure in the tests can be counted here.

It is 2 March 2026, 11:30 UTC: half past midnight on 3 March in Tonga (UTC+13), early morning of 2 March
in Chicago. Tonga has ties, a child, and learners who take no part; Lincoln has one learner; Empty has nobody.
"""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import psycopg

AS_OF = datetime(2026, 3, 2, 11, 30, tzinfo=UTC)


def made_id(kind: int, number: int) -> UUID:
    """A readable id: the kind of thing in front, the number behind."""
    return UUID(int=kind << 120 | 4 << 76 | 8 << 60 | number)


TONGA, LINCOLN, EMPTY = (made_id(0xA0, number) for number in (1, 2, 3))
COURSE, SPARE_COURSE = made_id(0xC0, 1), made_id(0xC0, 2)
LESSONS = [made_id(0xD0, number) for number in range(1, 4)]
QUIZ, LOOSE_QUIZ = made_id(0xE0, 1), made_id(0xE0, 2)
CLASS, LINCOLN_CLASS = made_id(0xF0, 1), made_id(0xF0, 2)

ANA, BEN, CAT, DOT, EVE, FAY, GUS, HAL, IDA = (made_id(0x10, number) for number in range(1, 10))
LEA, UNA = made_id(0x20, 1), made_id(0x20, 2)
TEACHER, ADMIN, LINCOLN_TEACHER, LOOSE_TEACHER = (made_id(0x30, number) for number in range(1, 5))
NOBODY = made_id(0x99, 1)

_CHILD, _ADULT = "2015-05-05", "2001-01-01"
# id, school, username, first and last name, role, active account, birth date, opted out
_USERS = [
    (ANA, TONGA, "ana", "Ana", "Alofa", "STUDENT", True, _ADULT, False),
    (BEN, TONGA, "ben", "Ben", "Brown", "STUDENT", True, _ADULT, False),
    (CAT, TONGA, "cat", "Cat", None, "STUDENT", True, _ADULT, False),
    (DOT, TONGA, "dot", "Dot", "Dayton", "STUDENT", True, _CHILD, False),
    (EVE, TONGA, "eve", None, None, "STUDENT", True, _ADULT, False),
    (FAY, TONGA, "fay", "Fay", "Fox", "STUDENT", True, _ADULT, True),
    (GUS, TONGA, "gus", "Gus", "Gold", "STUDENT", False, _ADULT, False),
    (HAL, TONGA, "hal", "Hal", "Hood", "STUDENT", True, _ADULT, False),
    (IDA, TONGA, "ida", "Ida", "Iron", "STUDENT", True, _ADULT, False),
    (LEA, LINCOLN, "lea", "Lea", "Lake", "STUDENT", True, _ADULT, False),
    (UNA, None, "una", "Una", "Upton", "STUDENT", True, _ADULT, False),
    (TEACHER, TONGA, "teacher", "Tia", "Teach", "TEACHER", True, None, False),
    (ADMIN, TONGA, "admin", "Amy", "Admin", "ADMIN", True, None, False),
    (LINCOLN_TEACHER, LINCOLN, "lincoln", "Lou", "Lin", "TEACHER", True, None, False),
    (LOOSE_TEACHER, None, "loose", "Lex", "Loose", "TEACHER", True, None, False),
]

# user, moment (UTC), XP, lesson. Noon of a date in Tonga is 23:00 UTC of the date before.
_EVENTS = [
    (ANA, "2026-03-02 11:10", 20, LESSONS[0]),  # 3 March in Tonga: after the UTC date of as_of
    (ANA, "2026-02-26 23:00", 30, LESSONS[0]),
    (BEN, "2026-02-27 23:00", 40, LESSONS[1]),  # reaches 40 first
    (CAT, "2026-02-28 23:00", 40, LESSONS[0]),
    (DOT, "2026-02-28 23:00", 30, None),
    (EVE, "2026-02-28 23:00", 20, None),
    (FAY, "2026-02-28 23:00", 100, None),  # opted out
    (GUS, "2026-02-28 23:00", 90, None),  # no active account
    (HAL, "2026-02-28 23:00", 5, None),
    (HAL, "2026-02-28 23:05", -5, None),  # nothing is left
    (BEN, "2026-01-10 23:00", 500, None),  # long ago
    (TEACHER, "2026-03-01 23:00", 0, LESSONS[0]),
    (TEACHER, "2026-02-28 23:00", 0, LESSONS[0]),
    (LEA, "2026-03-02 05:30", 15, LESSONS[0]),  # 1 March, 23:30 in Chicago
    (LEA, "2026-03-02 06:30", 15, LESSONS[2]),  # 2 March, 00:30 in Chicago
    (UNA, "2026-03-02 10:00", 7, None),
]

# user, lesson, percentage, completed at, updated at
_PROGRESS = [
    (BEN, LESSONS[0], 100, "2026-02-27 23:00", "2026-02-27 23:00"),
    (BEN, LESSONS[1], 50, None, "2026-02-28 23:00"),
    (BEN, LESSONS[2], 20, None, "2026-01-10 23:00"),
    (CAT, LESSONS[0], 100, "2026-03-02 11:05", "2026-03-02 11:05"),  # 3 March in Tonga
    (LEA, LESSONS[2], 80, None, "2026-03-01 12:00"),
]

_ATTEMPTS = [
    (BEN, QUIZ, 80, "2026-02-27 23:30"),
    (BEN, QUIZ, 40, "2026-02-28 23:30"),
    (BEN, LOOSE_QUIZ, 90, "2026-02-28 23:40"),
    (CAT, QUIZ, None, None),
]

_ENROLLMENTS = [
    (CLASS, BEN, "active"),
    (CLASS, CAT, "active"),
    (CLASS, EVE, "completed"),
    (CLASS, ANA, "withdrawn"),
    (LINCOLN_CLASS, LEA, "active"),
]


def fill(url: str) -> None:
    """Write the rows into an empty operational database."""
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        _schools_and_people(cursor)
        _courses(cursor)
        _doings(cursor)


def _schools_and_people(cursor: psycopg.Cursor[tuple[object, ...]]) -> None:
    cursor.executemany(
        "INSERT INTO schools (id, code, name, country, timezone) VALUES (%s, %s, %s, %s, %s)",
        [
            (TONGA, "tonga", "Tonga College", "TO", "Pacific/Tongatapu"),
            (LINCOLN, "lincoln", "Lincoln High", "US", "America/Chicago"),
            (EMPTY, "empty", "Empty School", "DK", "Europe/Copenhagen"),
        ],
    )
    cursor.executemany(
        """
        INSERT INTO users (id, school_id, username, email, first_name, last_name, role, is_active, birth_date,
            leaderboard_opt_out, last_login)
        VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
        """,
        [
            (key, school, username, f"{username}@school.example", *rest, AS_OF)
            for key, school, username, *rest in _USERS
        ],
    )


def _courses(cursor: psycopg.Cursor[tuple[object, ...]]) -> None:
    cursor.executemany(
        "INSERT INTO courses (id, title) VALUES (%s, %s)", [(COURSE, "Algebra"), (SPARE_COURSE, "Botany")]
    )
    cursor.executemany(
        "INSERT INTO lessons (id, course_id, title, position) VALUES (%s, %s, %s, 1)",
        [
            (LESSONS[0], COURSE, "Fractions"),
            (LESSONS[1], COURSE, "Equations"),
            (LESSONS[2], SPARE_COURSE, "Leaves"),
        ],
    )
    cursor.executemany(
        "INSERT INTO quizzes (id, lesson_id, title) VALUES (%s, %s, %s)",
        [(QUIZ, LESSONS[0], "Fractions quiz"), (LOOSE_QUIZ, None, "Loose quiz")],
    )
    cursor.executemany(
        "INSERT INTO classes (id, school_id, course_id, teacher_id, name) VALUES (%s, %s, %s, %s, %s)",
        [
            (CLASS, TONGA, COURSE, TEACHER, "7a"),
            (LINCOLN_CLASS, LINCOLN, SPARE_COURSE, LINCOLN_TEACHER, "1b"),
        ],
    )


def _doings(cursor: psycopg.Cursor[tuple[object, ...]]) -> None:
    cursor.executemany(
        "INSERT INTO class_enrollments (class_id, student_id, status, enrolled_at) VALUES (%s, %s, %s, %s)",
        [(*row, "2026-01-01 00:00Z") for row in _ENROLLMENTS],
    )
    cursor.executemany(
        """
        INSERT INTO analytics (user_id, created_at, xp_earned, lesson_id, event_type)
        VALUES (%s, %s::timestamp AT TIME ZONE 'UTC', %s, %s, 'lesson_view')
        """,
        _EVENTS,
    )
    cursor.executemany(
        """
        INSERT INTO user_progress (user_id, lesson_id, progress_percentage, completed_at, updated_at)
        VALUES (%s, %s, %s, %s::timestamp AT TIME ZONE 'UTC', %s::timestamp AT TIME ZONE 'UTC')
        """,
        _PROGRESS,
    )
    cursor.executemany(
        """
        INSERT INTO quiz_attempts (user_id, quiz_id, score, completed_at, started_at)
        VALUES (%s, %s, %s, %s::timestamp AT TIME ZONE 'UTC', '2026-02-27 22:00Z')
        """,
        _ATTEMPTS,
    )
