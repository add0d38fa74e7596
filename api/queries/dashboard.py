"""GET /analytics/dashboard."""

from __future__ import annotations

from typing import Any

from api.names import shown_name
from api.queries.leaderboard import top_performers
from api.queries.overview import average_completion
from api.queries.people import people_by_key
from api.queries.rows import first_with_ties, in_school, in_utc, own_scope
from api.queries.titles import lessons
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

_COMPLETIONS = """
SELECT user_key, lesson_key, completed_at
FROM recent_completion
WHERE completed_date BETWEEN $start AND $end AND {school}
ORDER BY completed_at DESC
"""


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
    rows = snapshot.records(_WINDOW, {**own_scope(scope), "time_range": time_range.value})
    return rows[0] if rows else {}


def _recent_completions(snapshot: Snapshot, scope: Scope, window: Window) -> list[RecentCompletion]:
    school, params = in_school(scope)
    sql = _COMPLETIONS.format(school=school)
    rows = first_with_ties(snapshot, sql, {**window.params, **params}, RECENT_COMPLETIONS, 2)
    people, titles = people_by_key(snapshot, {row[0] for row in rows}), lessons(snapshot)
    named = [
        (people[user], titles[lesson], completed_at)
        for user, lesson, completed_at in rows
        if user in people and lesson in titles
    ]
    named.sort(key=lambda one: (one[0].user_id, one[1].lesson_id))
    named.sort(key=lambda one: one[2], reverse=True)
    return [
        RecentCompletion(
            user_id=str(person.user_id),
            name=shown_name(scope, person),
            lesson=lesson.title,
            course=lesson.course,
            completed_at=in_utc(completed_at),
        )
        for person, lesson, completed_at in named[:RECENT_COMPLETIONS]
    ]
