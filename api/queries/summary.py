"""GET /analytics/summary: any range of dates, of all or of one class's learners."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from api.errors import Invalid
from api.queries.classes import find_class
from api.queries.rows import daily_mart, in_school, mean, own_scope, share
from api.queries.windows import Window, today
from api.schemas.analytics import Summary, SummaryProgress, SummaryQuizzes, SummaryXp
from api.scope import Scope
from api.snapshots import Snapshot

DEFAULT_DAYS = 30

_LEARNERS = """
SELECT fct_enrollment.user_key
FROM fct_enrollment
JOIN dim_user ON dim_user.user_key = fct_enrollment.user_key
WHERE fct_enrollment.class_key = ? AND fct_enrollment.is_enrolled AND dim_user.is_learner
"""

_ACTIVITY = """
SELECT
    count(DISTINCT user_key) AS users_active,
    coalesce(sum(event_count), 0)::BIGINT AS activities,
    coalesce(sum(xp), 0)::BIGINT AS xp
FROM fct_user_day
WHERE activity_date BETWEEN $start AND $end AND {people}
"""

# By day instead of by row: what a range of everybody needs, however long the history is.
_DAYS = """
SELECT
    coalesce(sum(activities), 0)::BIGINT AS activities,
    coalesce(sum(xp), 0)::BIGINT AS xp,
    coalesce(sum(active_users) FILTER (WHERE activity_date = $start), 0)::BIGINT AS active_at_start
FROM {days}
WHERE activity_date BETWEEN $start AND $end AND {people}
"""

# Who was not active on the first date is counted when coming back for the first time since.
_RETURNED = """
SELECT coalesce(sum(users), 0)::BIGINT AS returned
FROM engagement_return
WHERE scope = $scope AND scope_key = $key
    AND return_date > $start AND return_date <= $end AND last_date < $start
"""

_CONTENT_DAYS = """
SELECT
    coalesce(sum(progress_rows), 0)::BIGINT AS progress_rows,
    sum(progress_sum) AS progress_sum,
    coalesce(sum(completions), 0)::BIGINT AS completions,
    coalesce(sum(attempts_completed), 0)::BIGINT AS attempts_completed,
    sum(score_sum) AS score_sum
FROM {days}
WHERE activity_date BETWEEN $start AND $end AND {people}
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
    if class_id is None:
        return _of_everybody(snapshot, scope, window)
    return _of_class(snapshot, scope, window, class_id)


def _of_everybody(snapshot: Snapshot, scope: Scope, window: Window) -> Summary:
    people, params = in_school(scope)
    params |= window.params
    returned = snapshot.query(_RETURNED, {**own_scope(scope), **window.params})[0][0]

    def days(sql: str, mart: str) -> dict[str, Any]:
        return snapshot.records(sql.format(days=daily_mart(scope, mart), people=people), params)[0]

    activity, content = days(_DAYS, "engagement_daily"), days(_CONTENT_DAYS, "content_daily")
    activity["users_active"] = activity["active_at_start"] + returned
    return _answer(activity, content, content)


def _of_class(snapshot: Snapshot, scope: Scope, window: Window, class_id: UUID) -> Summary:
    found = find_class(snapshot, scope, class_id)
    school, params = in_school(scope)
    learners = {f"learner_{row[0]}": row[0] for row in snapshot.query(_LEARNERS, [found.class_key])}
    # A list, not a join: DuckDB then skips all blocks that hold none of them.
    in_class = f"user_key IN ({', '.join(f'${name}' for name in learners)})" if learners else "FALSE"

    def one(sql: str) -> dict[str, Any]:
        people = f"{school} AND {in_class}"
        return snapshot.records(sql.format(people=people), {**params, **window.params, **learners})[0]

    return _answer(one(_ACTIVITY), one(_PROGRESS), one(_QUIZZES))


def _range(snapshot: Snapshot, scope: Scope, start: date | None, end: date | None) -> Window:
    last = end or today(snapshot, scope)
    window = Window(start, last) if start else Window.ending(last, DEFAULT_DAYS)
    if window.start > window.end:
        raise Invalid("start_date lies after end_date.")
    return window


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
