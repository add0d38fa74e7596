"""Figures of a school or of everybody, and leaderboards."""

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
