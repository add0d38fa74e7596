"""GET /analytics/student-progress, weekly_xp and subject_mastery: figures of one person."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import takewhile
from typing import Any
from uuid import UUID

from api.errors import Invalid, NotFound
from api.names import Person
from api.queries.classes import SchoolClass, find_class
from api.queries.leaderboard import rank_in_school
from api.queries.people import check_self, own_person, person_in_scope
from api.queries.rows import mean
from api.queries.windows import Window, today, today_of_school
from api.respond import Listing
from api.schemas.analytics import AtRisk, StudentProgress, SubjectMastery, WeeklyXp, XpDay
from api.schemas.people import UserRole
from api.scope import Scope
from api.snapshots import Snapshot

WEEK = 7
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
REASONS = {
    "never_started": "never_started",
    "is_inactive": "inactive",
    "has_low_accuracy": "low_accuracy",
    "is_behind_class": "behind_class",
}

_PROGRESS = """
SELECT
    count(*) AS lessons,
    count(*) FILTER (WHERE is_completed) AS completed,
    sum(progress_percentage) AS progress_sum
FROM fct_lesson_progress
WHERE user_key = $user
"""

_XP_TOTAL = "SELECT coalesce(sum(xp), 0)::BIGINT FROM fct_user_day WHERE user_key = $user"

_STREAKS = "SELECT current_streak_days, longest_streak_days FROM learner_streaks WHERE user_key = $user"

_AT_RISK = """
SELECT
    coalesce(bool_or(never_started), FALSE) AS never_started,
    coalesce(bool_or(is_inactive), FALSE) AS is_inactive,
    coalesce(bool_or(has_low_accuracy), FALSE) AS has_low_accuracy,
    coalesce(bool_or(is_behind_class), FALSE) AS is_behind_class
FROM learner_at_risk
WHERE user_key = $user AND is_at_risk
"""

_XP_DAYS = """
SELECT activity_date, xp FROM fct_user_day
WHERE user_key = $user AND activity_date BETWEEN $start AND $end
"""

_ACTIVE_DATES = """
SELECT activity_date FROM fct_user_day
WHERE user_key = $user AND activity_date <= $today ORDER BY activity_date DESC
"""

_MASTERY = """
SELECT
    dim_course.course_id,
    dim_course.title AS subject,
    learner_course_mastery.mastery,
    learner_course_mastery.topics_completed,
    learner_course_mastery.topics_total,
    learner_course_mastery.proficiency,
    learner_course_mastery.knowledge,
    learner_course_mastery.retained,
    learner_course_mastery.level,
    learner_course_mastery.evidence
FROM learner_course_mastery
JOIN dim_course ON dim_course.course_key = learner_course_mastery.course_key
WHERE learner_course_mastery.user_key = $user
ORDER BY dim_course.title, dim_course.course_id
"""


def student_progress(
    snapshot: Snapshot, scope: Scope, student_id: UUID | None, class_id: UUID | None
) -> StudentProgress:
    """How far a student has come; with a class, progress and risk are those of the class and its course.

    Raises Forbidden (403) when a student asks for anybody else, Invalid (422) when nobody is named, and
    NotFound (404) when the caller has no such student or class.
    """
    student = _student(snapshot, scope, student_id)
    in_class = find_class(snapshot, scope, class_id) if class_id else None
    progress = _progress(snapshot, student, in_class)
    current, longest = _streaks(snapshot, student) or (0, 0)
    return StudentProgress(
        student_id=str(student.user_id),
        overall_progress=mean(progress["progress_sum"], progress["lessons"]),
        lessons_completed=progress["completed"],
        lessons_total=progress["lessons"],
        xp_total=total_xp(snapshot, student),
        rank=rank_in_school(snapshot, student),
        current_streak_days=current,
        longest_streak_days=longest,
        at_risk=_at_risk(snapshot, student, in_class),
    )


def weekly_xp(snapshot: Snapshot, scope: Scope) -> WeeklyXp:
    """XP of the seven dates up to the caller's own today, oldest first, zero-filled."""
    person = own_person(snapshot, scope)
    end = _own_today(snapshot, scope, person)
    window = Window.ending(end, WEEK)
    found: dict[date, int] = dict(snapshot.query(_XP_DAYS, {"user": person.user_key, **window.params}))
    days = [XpDay(date=day, weekday=WEEKDAYS[day.weekday()], xp=found.get(day, 0)) for day in window]
    total = sum(day.xp for day in days)
    return WeeklyXp(
        week_total=total,
        daily_average=total / WEEK,
        streak_days=_current_streak(snapshot, person, end),
        days=days,
    )


def subject_mastery(snapshot: Snapshot, scope: Scope) -> Listing:
    """The caller's own courses with a progress row or evidence, by title."""
    subjects = mastery_by_subject(snapshot, own_person(snapshot, scope))
    return Listing(subjects, limit=len(subjects), total=len(subjects), offset=0)


def mastery_by_subject(snapshot: Snapshot, person: Person) -> list[SubjectMastery]:
    """The person's courses with a progress row or evidence, by title."""
    return [SubjectMastery(**row) for row in snapshot.records(_MASTERY, {"user": person.user_key})]


def total_xp(snapshot: Snapshot, person: Person) -> int:
    """XP of all events of the person."""
    return int(snapshot.query(_XP_TOTAL, {"user": person.user_key})[0][0])


def streak_ending(dates: Sequence[date], today: date) -> int:
    """Length of the run of consecutive dates that ends today or yesterday; `dates` newest first."""
    if not dates or dates[0] < today - timedelta(days=1):
        return 0
    unbroken = takewhile(lambda place: place[1] == dates[0] - timedelta(days=place[0]), enumerate(dates))
    return sum(1 for _ in unbroken)


def _student(snapshot: Snapshot, scope: Scope, student_id: UUID | None) -> Person:
    if scope.is_student:
        check_self(scope, student_id)
        student = own_person(snapshot, scope)
    elif student_id is None:
        raise Invalid("student_id is needed: the caller is no student.")
    else:
        student = person_in_scope(snapshot, scope, student_id)
    if student.role != UserRole.STUDENT:
        raise NotFound("There is no such student for this caller.")
    return student


def _progress(snapshot: Snapshot, student: Person, in_class: SchoolClass | None) -> dict[str, Any]:
    if in_class is None:
        return snapshot.records(_PROGRESS, {"user": student.user_key})[0]
    params: dict[str, object] = {"user": student.user_key, "course": in_class.course_key}
    return snapshot.records(f"{_PROGRESS} AND course_key = $course", params)[0]


def _streaks(snapshot: Snapshot, person: Person) -> tuple[int, int] | None:
    rows = snapshot.query(_STREAKS, {"user": person.user_key})
    return (rows[0][0], rows[0][1]) if rows else None


def _at_risk(snapshot: Snapshot, student: Person, in_class: SchoolClass | None) -> AtRisk:
    params: dict[str, Any] = {"user": student.user_key}
    sql = _AT_RISK
    if in_class is not None:
        sql, params = f"{_AT_RISK} AND class_key = $class", {**params, "class": in_class.class_key}
    flags = snapshot.records(sql, params)[0]
    reasons = [reason for column, reason in REASONS.items() if flags[column]]
    return AtRisk(is_at_risk=bool(reasons), reasons=reasons)


def _own_today(snapshot: Snapshot, scope: Scope, person: Person) -> date:
    if scope.platform:
        return today(snapshot, scope)
    return today_of_school(snapshot, person.school_key)


def _current_streak(snapshot: Snapshot, person: Person, end: date) -> int:
    # The mart holds learners; a teacher's or administrator's own streak follows from the own dates.
    streaks = _streaks(snapshot, person)
    if streaks is not None:
        return streaks[0]
    rows = snapshot.query(_ACTIVE_DATES, {"user": person.user_key, "today": end})
    return streak_ending([row[0] for row in rows], end)
