"""GET /analytics/trends/engagement and /analytics/trends/content."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from api.queries.rows import daily_mart, first_with_ties, in_school, share
from api.queries.titles import courses, lessons
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
from api.snapshots import Row, Snapshot

MOST_VIEWED = 10
GROWTH_DAYS = 7

# A sum of integers is a HUGEINT, which takes Python ten times as long to read as a BIGINT.
_ENGAGEMENT = """
SELECT
    activity_date,
    sum(active_users)::BIGINT,
    sum(wau)::BIGINT,
    sum(mau)::BIGINT,
    sum(activities)::BIGINT,
    sum(xp)::BIGINT,
    sum(sessions)::BIGINT
FROM {days}
WHERE activity_date BETWEEN $start AND $end AND {school}
GROUP BY activity_date
"""

_MOST_VIEWED = """
SELECT lesson_key, sum(views)::BIGINT AS views, sum(learners_last_seen)::BIGINT
FROM {lessons}
WHERE activity_date BETWEEN $start AND $end AND {school}
GROUP BY lesson_key
HAVING views > 0
ORDER BY views DESC
"""

_BY_COURSE = """
SELECT
    course_key,
    sum(progress_sum),
    sum(progress_rows)::BIGINT AS progress_rows,
    sum(learners_last_updated)::BIGINT,
    sum(completions)::BIGINT
FROM {courses}
WHERE activity_date BETWEEN $start AND $end AND {school}
GROUP BY course_key
HAVING progress_rows > 0
"""

_CONTENT_DAYS = """
SELECT activity_date, sum(views)::BIGINT, sum(completions)::BIGINT
FROM {days}
WHERE activity_date BETWEEN $start AND $end AND {school}
GROUP BY activity_date
"""


def engagement_trend(snapshot: Snapshot, scope: Scope, days: int) -> EngagementTrend:
    """One row per date of the `days` dates up to today, and their summary."""
    window = Window.ending(today(snapshot, scope), days)
    sql, params = _in_window(scope, window, _ENGAGEMENT, days=daily_mart(scope, "engagement_daily"))
    found = {row[0]: row for row in snapshot.query(sql, params)}
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


def _engagement_day(day: date, row: Row | None) -> EngagementDay:
    _, active_users, wau, mau, activities, xp, sessions = row or (day, 0, 0, 0, 0, 0, 0)
    stickiness = share(active_users, mau)
    return EngagementDay(day, active_users, wau, mau, stickiness, activities, xp, sessions)


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
    # Learners are distinct in windows that end on the caller's today; the platform has a mart of its own.
    mart = "platform_lesson_popularity" if scope.platform else "lesson_popularity"
    sql, params = _in_window(scope, window, _MOST_VIEWED, lessons=mart)
    titles = lessons(snapshot)
    viewed = [
        ViewedLesson(lesson.lesson_id, lesson.title, lesson.course, views, learners)
        for key, views, learners in first_with_ties(snapshot, sql, params, MOST_VIEWED, 1)
        if (lesson := titles.get(key)) is not None
    ]
    viewed.sort(key=lambda one: (-one.views, one.title, one.lesson_id))
    return viewed[:MOST_VIEWED]


def _completion_by_course(snapshot: Snapshot, scope: Scope, window: Window) -> list[CourseCompletion]:
    # Its sum over a window that ends on the caller's today counts each learner once.
    mart = "platform_course_completion" if scope.platform else "course_completion"
    sql, params = _in_window(scope, window, _BY_COURSE, courses=mart)
    titles = courses(snapshot)
    completed = [
        CourseCompletion(course.course_id, course.title, float(total) / rows, learners, completions)
        for key, total, rows, learners, completions in snapshot.query(sql, params)
        if (course := titles.get(key)) is not None
    ]
    return sorted(completed, key=lambda one: (one.course, one.course_id))


def _content_days(snapshot: Snapshot, scope: Scope, window: Window) -> list[ContentDay]:
    sql, params = _in_window(scope, window, _CONTENT_DAYS, days=daily_mart(scope, "content_daily"))
    found = {row[0]: row for row in snapshot.query(sql, params)}
    return [ContentDay(*found.get(day, (day, 0, 0))) for day in window]


def _in_window(scope: Scope, window: Window, sql: str, **names: str) -> tuple[str, dict[str, Any]]:
    school, params = in_school(scope)
    return sql.format(school=school, **names), {**window.params, **params}
