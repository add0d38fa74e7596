"""GET /analytics/overview."""

from __future__ import annotations

from typing import Any

from api.queries.rows import in_school, mean, share
from api.schemas.analytics import Assignments, Overview
from api.scope import Scope
from api.snapshots import Snapshot
from api.suppression import Guarded, guard_overview

_TOTALS = """
SELECT
    coalesce(sum(students_total), 0)::BIGINT AS students_total,
    coalesce(sum(students_active), 0)::BIGINT AS students_active,
    coalesce(sum(classes_active), 0)::BIGINT AS classes_active,
    coalesce(sum(progress_rows), 0)::BIGINT AS progress_rows,
    sum(progress_sum) AS progress_sum,
    coalesce(sum(scored_attempts), 0)::BIGINT AS scored_attempts,
    sum(score_sum) AS score_sum,
    coalesce(sum(quizzes_total), 0)::BIGINT AS quizzes_total,
    coalesce(sum(attempts_total), 0)::BIGINT AS attempts_total,
    coalesce(sum(attempts_completed), 0)::BIGINT AS attempts_completed,
    coalesce(sum(enrollments_total), 0)::BIGINT AS enrollments_total,
    coalesce(sum(enrollments_active), 0)::BIGINT AS enrollments_active
FROM school_overview
"""

_COMPLETION = "SELECT sum(progress_sum), coalesce(sum(progress_rows), 0)::BIGINT FROM school_overview"

_SIZES = "SELECT * FROM compliance_group_sizes WHERE school_key = $school"


def overview(snapshot: Snapshot, scope: Scope, small_group: int) -> Overview | Guarded:
    """The state of the caller's school; for the whole platform the sums over all schools.

    Students get no figure about fewer than `small_group` people.
    """
    shown = _overview(snapshot, scope)
    if not scope.is_student:
        return shown
    sizes = snapshot.records(_SIZES, {"school": scope.school_key})
    return guard_overview(shown, sizes[0], small_group) if sizes else shown


def _overview(snapshot: Snapshot, scope: Scope) -> Overview:
    totals = _totals(snapshot, scope)
    return Overview(
        students_total=totals["students_total"],
        students_active=totals["students_active"],
        classes_active=totals["classes_active"],
        average_completion=mean(totals["progress_sum"], totals["progress_rows"]),
        average_quiz_score=mean(totals["score_sum"], totals["scored_attempts"]),
        assignments=Assignments(
            quizzes_total=_quizzes(snapshot, scope, totals),
            attempts_total=totals["attempts_total"],
            attempts_completed=totals["attempts_completed"],
        ),
        engagement_rate=share(totals["students_active"], totals["students_total"]),
        attendance_rate=share(totals["enrollments_active"], totals["enrollments_total"]),
    )


def average_completion(snapshot: Snapshot, scope: Scope) -> float | None:
    """Mean progress percentage over all progress rows in scope; None without rows."""
    school, params = in_school(scope)
    progress_sum, progress_rows = snapshot.query(f"{_COMPLETION} WHERE {school}", params)[0]
    return mean(progress_sum, progress_rows)


def _totals(snapshot: Snapshot, scope: Scope) -> dict[str, Any]:
    """Counts and sums of one school, or of all of them; a sum is None without rows."""
    school, params = in_school(scope)
    return snapshot.records(f"{_TOTALS} WHERE {school}", params)[0]


def _quizzes(snapshot: Snapshot, scope: Scope, totals: dict[str, Any]) -> int:
    # Two schools may teach one course: the platform's quizzes are no sum over schools.
    if not scope.platform:
        return int(totals["quizzes_total"])
    return int(snapshot.query("SELECT count(*) FROM dim_quiz")[0][0])
