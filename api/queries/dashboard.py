"""GET /analytics/dashboard."""

from __future__ import annotations

from typing import Any

from api.names import Person, shown_name
from api.queries.leaderboard import top_performers
from api.queries.overview import average_completion
from api.queries.people import PERSON_COLUMNS, PERSON_WIDTH
from api.queries.rows import in_school, in_utc
from api.queries.windows import Window, today
from api.schemas.analytics import Dashboard, RecentCompletion, TimeRange
from api.scope import Scope
from api.snapshots import Snapshot

RECENT_COMPLETIONS = 10
DAYS = {TimeRange.DAY: 1, TimeRange.WEEK: 7, TimeRange.MONTH: 30, TimeRange.YEAR: 365}

_WINDOW = """
SELECT active_users, activities, average_quiz_score
FROM school_window
WHERE scope = $scope AND scope_key = $key AND time_range = $time_range
"""

_COMPLETIONS = f"""
SELECT
    dim_lesson.title AS lesson,
    dim_course.title AS course,
    recent_completion.completed_at,
    {PERSON_COLUMNS}
FROM recent_completion
JOIN identity.users AS users ON users.user_key = recent_completion.user_key
JOIN dim_lesson ON dim_lesson.lesson_key = recent_completion.lesson_key
LEFT JOIN dim_course ON dim_course.course_key = dim_lesson.course_key
WHERE recent_completion.completed_date BETWEEN $start AND $end AND {{school}}
ORDER BY recent_completion.completed_at DESC, users.user_id, dim_lesson.lesson_id
LIMIT $limit
"""  # noqa: S608


def dashboard(snapshot: Snapshot, scope: Scope, time_range: TimeRange) -> Dashboard:
    """The window that ends on the caller's today; average completion is over all progress rows in scope."""
    window = Window.ending(today(snapshot, scope), DAYS[time_range])
    figures = _figures(snapshot, scope, time_range)
    return Dashboard(
        active_users=figures.get("active_users", 0),
        activities=figures.get("activities", 0),
        average_completion=average_completion(snapshot, scope),
        average_quiz_score=figures.get("average_quiz_score"),
        top_performers=top_performers(snapshot, scope, time_range.value),
        recent_completions=_recent_completions(snapshot, scope, window),
    )


def _figures(snapshot: Snapshot, scope: Scope, time_range: TimeRange) -> dict[str, Any]:
    params: dict[str, object] = {
        "scope": "platform" if scope.platform else "school",
        "key": 0 if scope.platform else scope.school_key,
        "time_range": time_range.value,
    }
    rows = snapshot.records(_WINDOW, params)
    return rows[0] if rows else {}


def _recent_completions(snapshot: Snapshot, scope: Scope, window: Window) -> list[RecentCompletion]:
    school, params = in_school(scope, "recent_completion.school_key")
    rows = snapshot.query(
        _COMPLETIONS.format(school=school), {**window.params, **params, "limit": RECENT_COMPLETIONS}
    )
    return [_completion(scope, row) for row in rows]


def _completion(scope: Scope, row: tuple[Any, ...]) -> RecentCompletion:
    person = Person.of(row[-PERSON_WIDTH:])
    return RecentCompletion(
        user_id=str(person.user_id),
        name=shown_name(scope, person),
        lesson=row[0],
        course=row[1],
        completed_at=in_utc(row[2]),
    )
