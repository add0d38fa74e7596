"""Answers of the API in plain SQL on the operational database, the way a platform without a warehouse asks.

Written from the contract, for `schoolhouse compare`. Every query begins with the same common table
expressions, cut to the caller's scope, and returns one JSON document. Bound: as_of; everybody, school_id
(scope); zone_schools, zone_names (the zone of every school); since, first_date, last_date (window).
"""

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


OVERVIEW = """
SELECT json_build_object(
    'students_total', (SELECT count(*) FROM person WHERE is_learner AND is_active),
    'students_active', (
        SELECT count(*) FROM person
        WHERE is_learner AND is_active
            AND last_login BETWEEN %(as_of)s::timestamptz - interval '720 hours' AND %(as_of)s
    ),
    'classes_active', (SELECT count(*) FROM class WHERE is_active),
    'average_completion', (SELECT avg(progress_percentage) FROM progress),
    'average_quiz_score', (SELECT avg(score) FROM attempt WHERE is_completed),
    'assignments', json_build_object(
        'quizzes_total', (
            SELECT count(*) FROM quizzes
            WHERE %(everybody)s OR EXISTS (
                SELECT FROM lessons JOIN class ON class.course_id = lessons.course_id
                WHERE lessons.id = quizzes.lesson_id AND class.is_active
            )
        ),
        'attempts_total', (SELECT count(*) FROM attempt),
        'attempts_completed', (SELECT count(*) FROM attempt WHERE is_completed)
    ),
    'engagement_rate', (
        SELECT avg((
            coalesce(last_login BETWEEN %(as_of)s::timestamptz - interval '720 hours' AND %(as_of)s, false)
        )::integer::numeric)
        FROM person WHERE is_learner AND is_active
    ),
    'attendance_rate', (
        SELECT avg((status = 'active')::integer::numeric) FROM enrollment WHERE is_in_scope
    )
)
"""

ENGAGEMENT = """
, active AS (
    SELECT DISTINCT user_id, local_date FROM event
),
gap AS (
    SELECT
        local_date,
        created_at - lag(created_at) OVER (PARTITION BY user_id ORDER BY created_at, id) AS since_last
    FROM event
),
day AS (
    SELECT each_day::date AS day, row_number() OVER (ORDER BY each_day) AS number
    FROM generate_series(%(first_date)s::date, %(last_date)s::date, interval '1 day') AS each_day
),
daily AS (
    SELECT
        day,
        number,
        (SELECT count(*) FROM active WHERE local_date = day) AS active_users,
        (SELECT count(DISTINCT user_id) FROM active WHERE local_date BETWEEN day - 6 AND day) AS wau,
        (SELECT count(DISTINCT user_id) FROM active WHERE local_date BETWEEN day - 27 AND day) AS mau,
        (SELECT count(*) FROM event WHERE local_date = day) AS activities,
        (SELECT coalesce(sum(xp_earned), 0) FROM event WHERE local_date = day) AS xp,
        (
            SELECT count(*) FROM gap
            WHERE local_date = day AND (since_last IS NULL OR since_last > interval '30 minutes')
        ) AS sessions
    FROM day
),
ends AS (
    SELECT
        count(*) AS days,
        avg(active_users) FILTER (WHERE number <= 7) AS first_week,
        avg(active_users) FILTER (WHERE number > (SELECT max(number) - 7 FROM day)) AS last_week
    FROM daily
)
SELECT json_build_object(
    'summary', json_build_object(
        'average_dau', (SELECT avg(active_users) FROM daily),
        'peak_dau', (SELECT max(active_users) FROM daily),
        'peak_date', (SELECT day FROM daily WHERE active_users > 0 ORDER BY active_users DESC, day LIMIT 1),
        'activities', (SELECT sum(activities) FROM daily),
        'growth_rate', (
            SELECT CASE WHEN days >= 14 THEN (last_week - first_week) / nullif(first_week, 0) END FROM ends
        )
    ),
    'daily', (
        SELECT json_agg(json_build_object(
            'date', day,
            'active_users', active_users,
            'wau', wau,
            'mau', mau,
            'stickiness', active_users::numeric / nullif(mau, 0),
            'activities', activities,
            'xp', xp,
            'sessions', sessions
        ) ORDER BY day)
        FROM daily
    )
)
"""

CONTENT = """
, viewed AS (
    SELECT * FROM event
    WHERE lesson_id IS NOT NULL AND local_date BETWEEN %(first_date)s AND %(last_date)s
),
most_viewed AS (
    SELECT
        lessons.id,
        lessons.title,
        courses.title AS course,
        count(*) AS views,
        count(DISTINCT viewed.user_id) FILTER (WHERE viewed.is_learner) AS learners
    FROM viewed
    JOIN lessons ON lessons.id = viewed.lesson_id
    LEFT JOIN courses ON courses.id = lessons.course_id
    GROUP BY lessons.id, lessons.title, courses.title
    ORDER BY count(*) DESC, lessons.title COLLATE "C", lessons.id
    LIMIT 10
),
completed AS (
    SELECT * FROM progress
    WHERE is_completed AND completed_date BETWEEN %(first_date)s AND %(last_date)s
),
by_course AS (
    SELECT
        course_id,
        course,
        avg(progress_percentage) AS average_completion,
        count(DISTINCT user_id) FILTER (WHERE is_learner) AS learners,
        (SELECT count(*) FROM completed WHERE completed.course_id = progress.course_id) AS completions
    FROM progress
    WHERE course IS NOT NULL AND updated_date BETWEEN %(first_date)s AND %(last_date)s
    GROUP BY course_id, course
)
SELECT json_build_object(
    'most_viewed', (
        SELECT coalesce(json_agg(json_build_object(
            'lesson_id', id, 'title', title, 'course', course, 'views', views, 'learners', learners
        ) ORDER BY views DESC, title COLLATE "C", id), '[]')
        FROM most_viewed
    ),
    'completion_by_course', (
        SELECT coalesce(json_agg(json_build_object(
            'course_id', course_id,
            'course', course,
            'average_completion', average_completion,
            'learners', learners,
            'completions', completions
        ) ORDER BY course COLLATE "C", course_id), '[]')
        FROM by_course
    ),
    'daily', (
        SELECT json_agg(json_build_object(
            'date', each_day::date,
            'views', (SELECT count(*) FROM viewed WHERE local_date = each_day::date),
            'completions', (SELECT count(*) FROM completed WHERE completed_date = each_day::date)
        ) ORDER BY each_day)
        FROM generate_series(%(first_date)s::date, %(last_date)s::date, interval '1 day') AS each_day
    )
)
"""

SUMMARY = """
, scoped AS (
    SELECT user_id FROM person
    WHERE %(class_id)s::uuid IS NULL OR user_id IN (
        SELECT enrollment.user_id FROM enrollment
        WHERE enrollment.class_id = %(class_id)s AND is_enrolled AND is_learner
    )
),
happened AS (
    SELECT event.* FROM event JOIN scoped USING (user_id)
    WHERE local_date BETWEEN %(first_date)s AND %(last_date)s
),
scored AS (
    SELECT attempt.* FROM attempt JOIN scoped USING (user_id)
    WHERE is_completed AND completed_date BETWEEN %(first_date)s AND %(last_date)s
)
SELECT json_build_object(
    'users_active', (SELECT count(DISTINCT user_id) FROM happened),
    'activities', (SELECT count(*) FROM happened),
    'xp', json_build_object(
        'total', (SELECT coalesce(sum(xp_earned), 0) FROM happened),
        'average_per_active_user', (
            SELECT sum(xp_earned)::numeric / nullif(count(DISTINCT user_id), 0) FROM happened
        )
    ),
    'progress', json_build_object(
        'average', (
            SELECT avg(progress_percentage) FROM progress JOIN scoped USING (user_id)
            WHERE updated_date BETWEEN %(first_date)s AND %(last_date)s
        ),
        'completions', (
            SELECT count(*) FROM progress JOIN scoped USING (user_id)
            WHERE is_completed AND completed_date BETWEEN %(first_date)s AND %(last_date)s
        )
    ),
    'quizzes', json_build_object(
        'attempts_completed', (SELECT count(*) FROM scored),
        'average_score', (SELECT avg(score) FROM scored)
    )
)
"""

DASHBOARD = """
SELECT json_build_object(
    'active_users', (
        SELECT count(DISTINCT user_id) FROM event
        WHERE local_date BETWEEN %(first_date)s AND %(last_date)s
    ),
    'activities', (
        SELECT count(*) FROM event WHERE local_date BETWEEN %(first_date)s AND %(last_date)s
    ),
    'average_completion', (SELECT avg(progress_percentage) FROM progress),
    'average_quiz_score', (
        SELECT avg(score) FROM attempt
        WHERE is_completed AND completed_date BETWEEN %(first_date)s AND %(last_date)s
    ),
    'recent_completions', (
        SELECT coalesce(json_agg(json_build_object(
            'user_id', user_id,
            'name', full_name,
            'lesson', lesson,
            'course', course,
            'completed_at', completed_at
        ) ORDER BY completed_at DESC, user_id, lesson_id), '[]')
        FROM (
            SELECT * FROM progress
            WHERE is_completed AND completed_date BETWEEN %(first_date)s AND %(last_date)s
            ORDER BY completed_at DESC, user_id, lesson_id LIMIT 10
        ) AS newest
    )
)
"""

# Bound besides: days of the window (NULL for all time), and class_id.
BOARD = """
SELECT coalesce(json_agg(json_build_object(
    'rank', rank, 'dense_rank', dense_rank, 'position', position,
    'user_id', user_id, 'name', full_name, 'xp', xp
) ORDER BY position), '[]')
FROM (
    SELECT
        standing.*,
        rank() OVER (ORDER BY xp DESC) AS rank,
        dense_rank() OVER (ORDER BY xp DESC) AS dense_rank,
        row_number() OVER (ORDER BY xp DESC, reached_at, user_id) AS position
    FROM (
        SELECT
            participant.user_id,
            participant.full_name,
            sum(event.xp_earned) AS xp,
            max(event.created_at) FILTER (WHERE event.xp_earned > 0) AS reached_at
        FROM participant
        JOIN event ON event.user_id = participant.user_id
        WHERE
            event.local_date <= participant.today
            AND (%(days)s::integer IS NULL OR event.local_date > participant.today - %(days)s::integer)
        GROUP BY participant.user_id, participant.full_name
        HAVING sum(event.xp_earned) > 0
    ) AS standing
) AS ranked
"""

# Bound besides: user_id. The scope is the person's own school.
STUDENT = """
SELECT json_build_object(
    'student_id', person.user_id,
    'overall_progress', (
        SELECT avg(progress_percentage) FROM progress WHERE progress.user_id = person.user_id
    ),
    'lessons_completed', (
        SELECT count(*) FROM progress WHERE progress.user_id = person.user_id AND is_completed
    ),
    'lessons_total', (SELECT count(*) FROM progress WHERE progress.user_id = person.user_id),
    'xp_total', (
        SELECT coalesce(sum(xp_earned), 0) FROM analytics
        LEFT JOIN lessons ON lessons.id = analytics.lesson_id
        WHERE analytics.user_id = person.user_id AND analytics.created_at <= %(as_of)s
            AND (analytics.lesson_id IS NULL OR lessons.id IS NOT NULL)
    )
)
FROM person WHERE user_id = %(user_id)s
"""

ACTIVE_DATES = """
SELECT (
    SELECT coalesce(json_agg(json_build_array(local_date, xp) ORDER BY local_date), '[]')
    FROM (
        SELECT
            (analytics.created_at AT TIME ZONE person.zone)::date AS local_date,
            sum(analytics.xp_earned) AS xp
        FROM analytics
        LEFT JOIN lessons ON lessons.id = analytics.lesson_id
        WHERE analytics.user_id = person.user_id AND analytics.created_at <= %(as_of)s
            AND (analytics.lesson_id IS NULL OR lessons.id IS NOT NULL)
        GROUP BY 1
    ) AS days
)
FROM person WHERE user_id = %(user_id)s
"""

EVIDENCE = """
SELECT coalesce(json_agg(json_build_object(
    'course_id', course_id, 'is_correct', score >= pass_score, 'completed_at', completed_at
) ORDER BY completed_at, id), '[]')
FROM (
    SELECT DISTINCT ON (quiz_id) * FROM attempt
    WHERE is_completed AND user_id = %(user_id)s
    ORDER BY quiz_id, completed_at, id
) AS first_attempts
WHERE course_id IS NOT NULL
"""

COURSES = """
SELECT coalesce(json_agg(json_build_object(
    'course_id', courses.id,
    'subject', courses.title,
    'mastery', (
        SELECT avg(progress_percentage) FROM progress
        WHERE progress.user_id = %(user_id)s AND progress.course_id = courses.id
    ),
    'topics_completed', (
        SELECT count(*) FROM progress
        WHERE progress.user_id = %(user_id)s AND progress.course_id = courses.id AND is_completed
    ),
    'topics_total', (SELECT count(*) FROM lessons WHERE lessons.course_id = courses.id)
) ORDER BY courses.title COLLATE "C", courses.id), '[]')
FROM courses
WHERE
    courses.id IN (SELECT course_id FROM progress WHERE user_id = %(user_id)s)
    OR courses.id IN (SELECT course_id FROM attempt WHERE user_id = %(user_id)s AND is_completed)
"""

# Classes of one learner with the figures that the four reasons need.
RISK = """
, mine AS (
    SELECT enrollment.class_id, enrollment.course_id, enrollment.status FROM enrollment
    WHERE enrollment.user_id = %(user_id)s AND is_enrolled AND is_learner
),
classmate AS (
    SELECT
        mine.class_id,
        enrollment.user_id,
        (
            SELECT avg(user_progress.progress_percentage)
            FROM user_progress JOIN lessons ON lessons.id = user_progress.lesson_id
            WHERE user_progress.user_id = enrollment.user_id AND lessons.course_id = mine.course_id
                AND user_progress.updated_at <= %(as_of)s
        ) AS course_progress
    FROM mine
    JOIN enrollment ON enrollment.class_id = mine.class_id AND is_enrolled AND is_learner
),
fence AS (
    SELECT
        class_id,
        percentile_cont(0.25) WITHIN GROUP (ORDER BY course_progress) - 1.5 * (
            percentile_cont(0.75) WITHIN GROUP (ORDER BY course_progress)
            - percentile_cont(0.25) WITHIN GROUP (ORDER BY course_progress)
        ) AS lowest
    FROM classmate GROUP BY class_id HAVING count(*) >= 8
),
unfinished AS (
    SELECT mine.* FROM mine
    WHERE status <> 'completed' AND NOT (
        EXISTS (SELECT FROM lessons WHERE lessons.course_id = mine.course_id)
        AND NOT EXISTS (
            SELECT FROM lessons
            WHERE lessons.course_id = mine.course_id AND lessons.id NOT IN (
                SELECT progress.lesson_id FROM progress WHERE user_id = %(user_id)s AND is_completed
            )
        )
    )
)
SELECT json_build_object(
    'classes', (SELECT count(*) FROM unfinished),
    'newest_scores', (
        SELECT coalesce(json_agg(score), '[]') FROM (
            SELECT score FROM attempt WHERE user_id = %(user_id)s AND is_completed
            ORDER BY completed_at DESC, id DESC LIMIT 5
        ) AS newest
    ),
    'is_behind', EXISTS (
        SELECT FROM unfinished
        JOIN fence USING (class_id)
        JOIN classmate USING (class_id)
        WHERE classmate.user_id = %(user_id)s AND classmate.course_progress < fence.lowest
    )
)
"""

USER = """
SELECT json_build_object(
    'id', users.id,
    'username', users.username,
    'email', users.email,
    'first_name', users.first_name,
    'last_name', users.last_name,
    'role', users.role,
    'school_id', person.school_id,
    'is_active', users.is_active,
    'last_login', users.last_login,
    'created_at', users.created_at,
    'stats', CASE users.role::text
        WHEN 'TEACHER' THEN json_build_object(
            'total_classes', (SELECT count(*) FROM classes WHERE classes.teacher_id = users.id),
            'total_students', (
                SELECT count(DISTINCT enrollment.user_id) FROM enrollment
                JOIN classes ON classes.id = enrollment.class_id
                WHERE classes.teacher_id = users.id AND is_enrolled AND is_learner
            )
        )
        WHEN 'STUDENT' THEN json_build_object(
            'total_enrollments', (
                SELECT count(*) FROM enrollment WHERE enrollment.user_id = users.id AND is_enrolled
            ),
            'total_xp', (
                SELECT coalesce(sum(xp_earned), 0) FROM analytics
                LEFT JOIN lessons ON lessons.id = analytics.lesson_id
                WHERE analytics.user_id = users.id AND analytics.created_at <= %(as_of)s
                    AND (analytics.lesson_id IS NULL OR lessons.id IS NOT NULL)
            )
        )
    END
)
FROM users JOIN person ON person.user_id = users.id
WHERE users.id = %(user_id)s
"""
