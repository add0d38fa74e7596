"""GET /analytics/trends/engagement and /analytics/trends/content."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from api.queries.rows import in_school, share
from api.queries.windows import Window, today
from api.schemas.analytics import (
    ContentDay,
    ContentTrend,
    CourseCompletion,
    EngagementDay,
    EngagementSummary,
    EngagementTrend,
    ViewedLesson,
)
from api.scope import Scope
from api.snapshots import Snapshot

MOST_VIEWED = 10
GROWTH_DAYS = 7

_ENGAGEMENT = """
SELECT
    activity_date,
    sum(active_users) AS active_users,
    sum(wau) AS wau,
    sum(mau) AS mau,
    sum(activities) AS activities,
    sum(xp) AS xp,
    sum(sessions) AS sessions
FROM engagement_daily
WHERE activity_date BETWEEN $start AND $end AND {school}
GROUP BY activity_date
"""

_MOST_VIEWED = """
WITH viewed AS (
    SELECT lesson_key, sum(views) AS views, sum({learners}) AS learners
    FROM lesson_popularity
    WHERE activity_date BETWEEN $start AND $end AND {school}
    GROUP BY lesson_key
    HAVING sum(views) > 0
)
SELECT dim_lesson.lesson_id, dim_lesson.title, dim_course.title AS course, viewed.views, viewed.learners
FROM viewed
JOIN dim_lesson ON dim_lesson.lesson_key = viewed.lesson_key
LEFT JOIN dim_course ON dim_course.course_key = dim_lesson.course_key
ORDER BY viewed.views DESC, dim_lesson.title, dim_lesson.lesson_id
LIMIT $limit
"""

_BY_COURSE = """
WITH completed AS (
    SELECT
        course_key,
        sum(progress_rows) AS progress_rows,
        sum(progress_sum) AS progress_sum,
        sum({learners}) AS learners,
        sum(completions) AS completions
    FROM course_completion
    WHERE activity_date BETWEEN $start AND $end AND {school}
    GROUP BY course_key
    HAVING sum(progress_rows) > 0
)
SELECT
    dim_course.course_id,
    dim_course.title AS course,
    completed.progress_sum,
    completed.progress_rows,
    completed.learners,
    completed.completions
FROM completed
JOIN dim_course ON dim_course.course_key = completed.course_key
ORDER BY dim_course.title, dim_course.course_id
"""

_CONTENT_DAYS = """
SELECT activity_date, sum(views) AS views, sum(completions) AS completions
FROM content_daily
WHERE activity_date BETWEEN $start AND $end AND {school}
GROUP BY activity_date
"""


def engagement_trend(snapshot: Snapshot, scope: Scope, days: int) -> EngagementTrend:
    """One row per date of the `days` dates up to today, and their summary."""
    window = Window.ending(today(snapshot, scope), days)
    found = {row["activity_date"]: row for row in _in_window(snapshot, scope, window, _ENGAGEMENT)}
    daily = [_engagement_day(day, found.get(day)) for day in window]
    return EngagementTrend(summary=_summary(daily), daily=daily)


def content_trend(snapshot: Snapshot, scope: Scope, days: int) -> ContentTrend:
    """What was viewed and completed in the `days` dates up to today."""
    window = Window.ending(today(snapshot, scope), days)
    return ContentTrend(
        most_viewed=_most_viewed(snapshot, scope, window),
        completion_by_course=_completion_by_course(snapshot, scope, window),
        daily=_content_days(snapshot, scope, window),
    )


def growth_rate(daily: Sequence[int]) -> float | None:
    """(mean of the last 7 - mean of the first 7) / mean of the first 7; None below 14 days or from 0."""
    first, last = sum(daily[:GROWTH_DAYS]), sum(daily[-GROWTH_DAYS:])
    if len(daily) < 2 * GROWTH_DAYS or first == 0:
        return None
    return (last - first) / first


def _engagement_day(day: date, row: dict[str, Any] | None) -> EngagementDay:
    if row is None:
        return EngagementDay(
            date=day, active_users=0, wau=0, mau=0, stickiness=None, activities=0, xp=0, sessions=0
        )
    figures = {name: value for name, value in row.items() if name != "activity_date"}
    return EngagementDay(date=day, stickiness=share(row["active_users"], row["mau"]), **figures)


def _summary(daily: Sequence[EngagementDay]) -> EngagementSummary:
    peak = max(daily, key=lambda day: day.active_users)
    return EngagementSummary(
        average_dau=sum(day.active_users for day in daily) / len(daily),
        peak_dau=peak.active_users,
        peak_date=peak.date if peak.active_users else None,
        activities=sum(day.activities for day in daily),
        growth_rate=growth_rate([day.active_users for day in daily]),
    )


def _most_viewed(snapshot: Snapshot, scope: Scope, window: Window) -> list[ViewedLesson]:
    rows = _in_window(
        snapshot, scope, window, _MOST_VIEWED, learners=_learners("last_seen", scope), limit=MOST_VIEWED
    )
    return [ViewedLesson(**row) for row in rows]


def _completion_by_course(snapshot: Snapshot, scope: Scope, window: Window) -> list[CourseCompletion]:
    rows = _in_window(snapshot, scope, window, _BY_COURSE, learners=_learners("last_updated", scope))
    return [
        CourseCompletion(
            course_id=row["course_id"],
            course=row["course"],
            average_completion=float(row["progress_sum"]) / int(row["progress_rows"]),
            learners=row["learners"],
            completions=row["completions"],
        )
        for row in rows
    ]


def _content_days(snapshot: Snapshot, scope: Scope, window: Window) -> list[ContentDay]:
    found = {row["activity_date"]: row for row in _in_window(snapshot, scope, window, _CONTENT_DAYS)}
    nothing = {"views": 0, "completions": 0}
    days = ((day, found.get(day, nothing)) for day in window)
    return [ContentDay(date=day, views=row["views"], completions=row["completions"]) for day, row in days]


def _learners(kind: str, scope: Scope) -> str:
    """Column whose sum over a window that ends on the caller's today counts each learner once."""
    return f"learners_{kind}_utc" if scope.platform else f"learners_{kind}"


def _in_window(
    snapshot: Snapshot, scope: Scope, window: Window, sql: str, *, learners: str = "", **params: int
) -> list[dict[str, Any]]:
    school, school_params = in_school(scope)
    return snapshot.records(
        sql.format(school=school, learners=learners), {**window.params, **school_params, **params}
    )
