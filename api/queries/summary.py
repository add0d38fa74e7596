"""GET /analytics/summary: any range of dates, of all or of one class's learners."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from api.errors import Invalid
from api.queries.classes import find_class
from api.queries.rows import in_school, mean, share
from api.queries.windows import Window, today
from api.schemas.analytics import Summary, SummaryProgress, SummaryQuizzes, SummaryXp
from api.scope import Scope
from api.snapshots import Snapshot

DEFAULT_DAYS = 30

_IN_CLASS = """user_key IN (
    SELECT fct_enrollment.user_key
    FROM fct_enrollment
    JOIN dim_user ON dim_user.user_key = fct_enrollment.user_key
    WHERE fct_enrollment.class_key = $class_key AND fct_enrollment.is_enrolled AND dim_user.is_learner
)"""

_ACTIVITY = """
SELECT
    count(DISTINCT user_key) AS users_active,
    coalesce(sum(event_count), 0) AS activities,
    coalesce(sum(xp), 0) AS xp
FROM fct_user_day
WHERE activity_date BETWEEN $start AND $end AND {people}
"""

# By day instead of by row: what a range of everybody needs, a hundred times fewer rows.
_DAYS = """
SELECT coalesce(sum(activities), 0) AS activities, coalesce(sum(xp), 0) AS xp
FROM engagement_daily
WHERE activity_date BETWEEN $start AND $end AND {people}
"""

_USERS = """
SELECT count(DISTINCT user_key) AS users_active
FROM fct_user_day
WHERE activity_date BETWEEN $start AND $end AND {people}
"""

# Progress in a lesson whose course is gone belongs to no course, but counts.
_PROGRESS_DAYS = """
SELECT sum(progress_rows) AS progress_rows, sum(progress_sum) AS progress_sum, sum(completions) AS completions
FROM (
    SELECT progress_rows, progress_sum, completions
    FROM course_completion
    WHERE activity_date BETWEEN $start AND $end AND {people}
    UNION ALL
    {progress} AND course_key IS NULL
)
"""

_PROGRESS = """
SELECT
    count(*) FILTER (WHERE updated_date BETWEEN $start AND $end) AS progress_rows,
    sum(progress_percentage) FILTER (WHERE updated_date BETWEEN $start AND $end) AS progress_sum,
    count(*) FILTER (WHERE is_completed AND completed_date BETWEEN $start AND $end) AS completions
FROM fct_lesson_progress
WHERE {people}
"""

_QUIZZES = """
SELECT count(*) AS attempts_completed, sum(score) AS score_sum
FROM fct_quiz_attempt
WHERE is_completed AND completed_date BETWEEN $start AND $end AND {people}
"""


def summary(
    snapshot: Snapshot, scope: Scope, start: date | None, end: date | None, class_id: UUID | None
) -> Summary:
    """Figures of the dates from `start` to `end`, by default the 30 dates up to the caller's today.

    Raises Invalid (422) when the range is backwards and NotFound (404) for a class out of scope.
    """
    window = _range(snapshot, scope, start, end)
    people, params = _people(snapshot, scope, class_id)

    def one(sql: str) -> dict[str, Any]:
        filled = sql.format(people=people, progress=_PROGRESS.format(people=people))
        return snapshot.records(filled, {**window.params, **params})[0]

    if class_id is None:
        return _answer({**one(_DAYS), **one(_USERS)}, one(_PROGRESS_DAYS), one(_QUIZZES))
    return _answer(one(_ACTIVITY), one(_PROGRESS), one(_QUIZZES))


def _range(snapshot: Snapshot, scope: Scope, start: date | None, end: date | None) -> Window:
    last = end or today(snapshot, scope)
    window = Window(start, last) if start else Window.ending(last, DEFAULT_DAYS)
    if window.start > window.end:
        raise Invalid("start_date lies after end_date.")
    return window


def _people(snapshot: Snapshot, scope: Scope, class_id: UUID | None) -> tuple[str, dict[str, Any]]:
    school, params = in_school(scope)
    if class_id is None:
        return school, params
    found = find_class(snapshot, scope, class_id)
    return f"{school} AND {_IN_CLASS}", {**params, "class_key": found.class_key}


def _answer(activity: dict[str, Any], progress: dict[str, Any], quizzes: dict[str, Any]) -> Summary:
    return Summary(
        users_active=activity["users_active"],
        activities=activity["activities"],
        xp=SummaryXp(
            total=activity["xp"],
            average_per_active_user=share(activity["xp"], activity["users_active"]),
        ),
        progress=SummaryProgress(
            average=mean(progress["progress_sum"], progress["progress_rows"]),
            completions=progress["completions"],
        ),
        quizzes=SummaryQuizzes(
            attempts_completed=quizzes["attempts_completed"],
            average_score=mean(quizzes["score_sum"], quizzes["attempts_completed"]),
        ),
    )
