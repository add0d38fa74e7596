WITH span AS (
    SELECT
        school_id,
        min(local_date) AS first_date,
        greatest(max(today), ((SELECT as_of FROM moment) AT TIME ZONE 'UTC')::date) AS last_date
    FROM event
    GROUP BY school_id
),
school_day AS (
    SELECT school_id, each_day::date AS day
    FROM span CROSS JOIN generate_series(first_date, last_date, interval '1 day') AS each_day
),
active AS (SELECT DISTINCT school_id, user_id, local_date FROM event),
people AS (
    SELECT
        day,
        count(DISTINCT user_id) FILTER (WHERE local_date = day) AS active_users,
        count(DISTINCT user_id) FILTER (WHERE local_date >= day - 6) AS wau,
        count(DISTINCT user_id) AS mau
    FROM school_day
    LEFT JOIN active ON active.school_id = school_day.school_id AND local_date BETWEEN day - 27 AND day
    GROUP BY day
),
happened AS (
    SELECT local_date AS day, 1 AS activities, xp_earned AS xp, 0 AS sessions, (lesson_id IS NOT NULL)::int AS views,
        0 AS progress_rows, 0.0 AS progress_sum, 0 AS completions, 0 AS attempts_completed, 0.0 AS score_sum
    FROM event
    UNION ALL
    SELECT local_date, 0, 0, 1, 0, 0, 0, 0, 0, 0 FROM session
    UNION ALL
    SELECT updated_date, 0, 0, 0, 0, 1, progress_percentage, 0, 0, 0 FROM progress
    UNION ALL
    SELECT completed_date, 0, 0, 0, 0, 0, 0, 1, 0, 0 FROM progress WHERE is_completed AND completed_date IS NOT NULL
    UNION ALL
    SELECT completed_date, 0, 0, 0, 0, 0, 0, 0, 1, score FROM attempt WHERE is_completed
),
counts AS (
    SELECT
        day,
        sum(activities) AS activities,
        sum(xp) AS xp,
        sum(sessions) AS sessions,
        sum(views) AS views,
        sum(progress_rows) AS progress_rows,
        sum(progress_sum) AS progress_sum,
        sum(completions) AS completions,
        sum(attempts_completed) AS attempts_completed,
        sum(score_sum) AS score_sum
    FROM happened
    GROUP BY day
)
SELECT
    day AS activity_date,
    coalesce(active_users, 0) AS active_users,
    coalesce(wau, 0) AS wau,
    coalesce(mau, 0) AS mau,
    coalesce(activities, 0) AS activities,
    coalesce(xp, 0) AS xp,
    coalesce(sessions, 0) AS sessions,
    coalesce(views, 0) AS views,
    coalesce(progress_rows, 0) AS progress_rows,
    coalesce(progress_sum, 0) AS progress_sum,
    coalesce(completions, 0) AS completions,
    coalesce(attempts_completed, 0) AS attempts_completed,
    coalesce(score_sum, 0) AS score_sum
FROM people FULL JOIN counts USING (day)
