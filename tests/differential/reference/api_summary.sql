WITH bounds AS (
    SELECT
        coalesce(%(start_date)s::date, max(last_date) - 29) AS first_date,
        coalesce(%(end_date)s::date, max(last_date)) AS last_date
    FROM scope
),
wanted AS (
    -- A class limits the figures of the scope further: learners of other schools stay out of a school's figures.
    SELECT person.user_id FROM person JOIN scope USING (school_id)
    WHERE
        %(class_id)s::uuid IS NULL
        OR user_id IN (SELECT enrollment.user_id FROM enrollment WHERE class_id = %(class_id)s AND is_enrolled AND is_learner)
),
scoped_event AS (
    SELECT event.* FROM event CROSS JOIN bounds
    WHERE user_id IN (SELECT user_id FROM wanted) AND local_date BETWEEN first_date AND bounds.last_date
),
scoped_attempt AS (
    SELECT attempt.* FROM attempt CROSS JOIN bounds
    WHERE user_id IN (SELECT user_id FROM wanted) AND is_completed
        AND completed_date BETWEEN first_date AND bounds.last_date
)
SELECT json_build_object(
    'users_active', (SELECT count(DISTINCT user_id) FROM scoped_event),
    'activities', (SELECT count(*) FROM scoped_event),
    'xp', json_build_object(
        'total', (SELECT coalesce(sum(xp_earned), 0) FROM scoped_event),
        'average_per_active_user',
        (SELECT sum(xp_earned)::double precision / nullif(count(DISTINCT user_id), 0) FROM scoped_event)
    ),
    'progress', json_build_object(
        'average', (
            SELECT avg(progress_percentage) FROM progress CROSS JOIN bounds
            WHERE user_id IN (SELECT user_id FROM wanted) AND updated_date BETWEEN first_date AND bounds.last_date
        ),
        'completions', (
            SELECT count(*) FROM progress CROSS JOIN bounds
            WHERE user_id IN (SELECT user_id FROM wanted) AND is_completed
                AND completed_date BETWEEN first_date AND bounds.last_date
        )
    ),
    'quizzes', json_build_object(
        'attempts_completed', (SELECT count(*) FROM scoped_attempt),
        'average_score', (SELECT avg(score) FROM scoped_attempt)
    )
) AS data
