"""What every query begins with: people, classes, events, progress and attempts, cut to the caller's scope."""

from __future__ import annotations

from dataclasses import dataclass

LAYOUT = """
SELECT
    to_regclass('schools') IS NOT NULL AS has_schools,
    to_regclass('consents') IS NOT NULL AS has_consents,
    EXISTS (
        SELECT FROM pg_attribute
        WHERE attrelid = to_regclass('users') AND attname = 'school_id' AND NOT attisdropped
    ) AS has_user_schools,
    EXISTS (
        SELECT FROM pg_attribute
        WHERE attrelid = to_regclass('classes') AND attname = 'school_id' AND NOT attisdropped
    ) AS has_class_schools,
    EXISTS (
        SELECT FROM pg_attribute
        WHERE attrelid = to_regclass('users') AND attname = 'leaderboard_opt_out' AND NOT attisdropped
    ) AS has_opt_out,
    EXISTS (
        SELECT FROM pg_attribute
        WHERE attrelid = to_regclass('quizzes') AND attname = 'pass_score' AND NOT attisdropped
    ) AS has_pass_score
"""

_COMMON = """
WITH zone AS (
    SELECT * FROM unnest(%(zone_schools)s::uuid[], %(zone_names)s::text[]) AS zone (school_id, name)
),
anybody AS (
    SELECT
        users.id AS user_id,
        users.role::text AS role,
        users.role = 'STUDENT' AS is_learner,
        users.is_active,
        {opt_out} AS is_opted_out,
        users.username,
        coalesce(
            nullif(concat_ws(' ', nullif(first_name, ''), nullif(last_name, '')), ''), username
        ) AS full_name,
        users.last_login,
        zone.school_id,
        coalesce(zone.name, 'UTC') AS zone,
        (%(as_of)s AT TIME ZONE coalesce(zone.name, 'UTC'))::date AS today
    FROM users
    LEFT JOIN zone ON zone.school_id = {user_school}
),
person AS (
    SELECT * FROM anybody WHERE %(everybody)s OR school_id IS NOT DISTINCT FROM %(school_id)s
),
class AS (
    SELECT classes.id AS class_id, classes.course_id, classes.teacher_id, classes.is_active, zone.school_id
    FROM classes
    LEFT JOIN zone ON zone.school_id = {class_school}
    WHERE %(everybody)s OR zone.school_id IS NOT DISTINCT FROM %(school_id)s
),
event AS (
    SELECT
        analytics.id,
        analytics.user_id,
        analytics.lesson_id,
        analytics.xp_earned,
        analytics.created_at,
        (analytics.created_at AT TIME ZONE person.zone)::date AS local_date,
        person.is_learner
    FROM analytics
    JOIN person ON person.user_id = analytics.user_id
    LEFT JOIN lessons ON lessons.id = analytics.lesson_id
    WHERE
        analytics.created_at BETWEEN %(since)s AND %(as_of)s
        AND (analytics.lesson_id IS NULL OR lessons.id IS NOT NULL)
),
progress AS (
    SELECT
        user_progress.user_id,
        user_progress.lesson_id,
        lessons.course_id,
        lessons.title AS lesson,
        courses.title AS course,
        user_progress.progress_percentage,
        user_progress.progress_percentage >= 100 AS is_completed,
        user_progress.completed_at,
        (user_progress.completed_at AT TIME ZONE person.zone)::date AS completed_date,
        (user_progress.updated_at AT TIME ZONE person.zone)::date AS updated_date,
        person.is_learner,
        person.full_name
    FROM user_progress
    JOIN person ON person.user_id = user_progress.user_id
    JOIN lessons ON lessons.id = user_progress.lesson_id
    LEFT JOIN courses ON courses.id = lessons.course_id
    WHERE user_progress.updated_at <= %(as_of)s
),
attempt AS (
    SELECT
        quiz_attempts.id,
        quiz_attempts.user_id,
        quiz_attempts.quiz_id,
        lessons.course_id,
        quiz_attempts.score,
        {pass_score} AS pass_score,
        quiz_attempts.completed_at IS NOT NULL AND quiz_attempts.score IS NOT NULL AS is_completed,
        quiz_attempts.completed_at,
        (quiz_attempts.completed_at AT TIME ZONE person.zone)::date AS completed_date
    FROM quiz_attempts
    JOIN person ON person.user_id = quiz_attempts.user_id
    JOIN quizzes ON quizzes.id = quiz_attempts.quiz_id
    LEFT JOIN lessons ON lessons.id = quizzes.lesson_id
    WHERE coalesce(quiz_attempts.completed_at, quiz_attempts.started_at) <= %(as_of)s
),
enrollment AS (
    SELECT
        class_enrollments.class_id,
        class_enrollments.student_id AS user_id,
        class_enrollments.status,
        class_enrollments.status <> 'withdrawn' AS is_enrolled,
        classes.course_id,
        anybody.is_learner,
        class.class_id IS NOT NULL AS is_in_scope
    FROM class_enrollments
    JOIN classes ON classes.id = class_enrollments.class_id
    JOIN anybody ON anybody.user_id = class_enrollments.student_id
    LEFT JOIN class ON class.class_id = class_enrollments.class_id
    WHERE class_enrollments.enrolled_at <= %(as_of)s
),
participant AS (
    SELECT * FROM person
    WHERE is_learner AND is_active AND NOT is_opted_out {consented}
)
"""

_CONSENTED = """
    AND NOT coalesce((
        SELECT coalesce(consents.withdrawn_at <= %(as_of)s, false) FROM consents
        WHERE consents.user_id = person.user_id AND purpose = 'leaderboard' AND given_at <= %(as_of)s
        ORDER BY given_at DESC, id DESC LIMIT 1
    ), false)
"""


@dataclass(frozen=True)
class Layout:
    """Which optional tables and columns the source has."""

    has_schools: bool
    has_consents: bool
    has_user_schools: bool
    has_class_schools: bool
    has_opt_out: bool
    has_pass_score: bool

    def query(self, select: str) -> str:
        """The select with its common table expressions."""
        common = _COMMON.format(
            opt_out="users.leaderboard_opt_out" if self.has_opt_out else "false",
            user_school="users.school_id" if self.has_user_schools else "NULL::uuid",
            class_school="classes.school_id" if self.has_class_schools else "NULL::uuid",
            pass_score="coalesce(quizzes.pass_score, 70)" if self.has_pass_score else "70",
            consented=_CONSENTED if self.has_consents else "",
        )
        return common + select
