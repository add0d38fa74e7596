WITH day AS (
    SELECT each_day::date AS day
    FROM (SELECT max(last_date) AS last_date FROM scope) AS window_end
    CROSS JOIN generate_series(
        last_date - CASE %(time_range)s WHEN 'day' THEN 0 WHEN 'week' THEN 6 WHEN 'month' THEN 29 ELSE 364 END,
        last_date,
        interval '1 day'
    ) AS each_day
),
scoped_event AS (
    SELECT event.* FROM event JOIN scope USING (school_id) WHERE local_date IN (SELECT day FROM day)
),
completion AS (
    SELECT progress.* FROM progress JOIN scope USING (school_id)
    WHERE is_completed AND completed_date IN (SELECT day FROM day)
)
SELECT json_build_object(
    'active_users', (SELECT count(DISTINCT user_id) FROM scoped_event),
    'activities', (SELECT count(*) FROM scoped_event),
    'average_completion', (SELECT avg(progress_percentage) FROM progress JOIN scope USING (school_id)),
    'average_quiz_score', (
        SELECT avg(score) FROM attempt JOIN scope USING (school_id)
        WHERE is_completed AND completed_date IN (SELECT day FROM day)
    ),
    'top_performers', (
        SELECT coalesce(
            json_agg(
                json_build_object('rank', rank, 'user_id', user_id, 'name', shown.name, 'xp', xp) ORDER BY position
            ), '[]'
        )
        FROM leaderboard_entry
        JOIN shown USING (user_id)
        WHERE
            timeframe = %(time_range)s AND position <= 10
            AND scope = CASE WHEN (SELECT school_id FROM caller) IS NULL THEN 'global' ELSE 'school' END
            AND scope_id = coalesce((SELECT school_id FROM caller), 'global')
    ),
    'recent_completions', (
        SELECT coalesce(
            json_agg(
                json_build_object(
                    'user_id', user_id,
                    'name', shown.name,
                    'lesson', lesson_title,
                    'course', course_title,
                    'completed_at', completed_at
                ) ORDER BY completed_at DESC
            ), '[]'
        )
        FROM completion
        JOIN shown USING (user_id)
    )
) AS data
