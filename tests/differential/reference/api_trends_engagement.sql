WITH day AS (
    SELECT each_day::date AS day
    FROM (SELECT max(last_date) AS last_date FROM scope) AS window_end
    CROSS JOIN generate_series(last_date - (%(days)s::integer - 1), last_date, interval '1 day') AS each_day
),
daily AS (
    SELECT
        day,
        (SELECT count(DISTINCT user_id) FROM event JOIN scope USING (school_id) WHERE local_date = day) AS active_users,
        (SELECT count(DISTINCT user_id) FROM event JOIN scope USING (school_id) WHERE local_date BETWEEN day - 6 AND day) AS wau,
        (SELECT count(DISTINCT user_id) FROM event JOIN scope USING (school_id) WHERE local_date BETWEEN day - 27 AND day) AS mau,
        (SELECT count(*) FROM event JOIN scope USING (school_id) WHERE local_date = day) AS activities,
        (SELECT coalesce(sum(xp_earned), 0) FROM event JOIN scope USING (school_id) WHERE local_date = day) AS xp,
        (SELECT count(*) FROM session JOIN scope USING (school_id) WHERE session.local_date = day) AS sessions,
        row_number() OVER (ORDER BY day) AS number
    FROM day
)
SELECT json_build_object(
    'summary', json_build_object(
        'average_dau', (SELECT sum(active_users)::double precision / %(days)s FROM daily),
        'peak_dau', (SELECT max(active_users) FROM daily),
        'peak_date', (SELECT day FROM daily WHERE active_users > 0 ORDER BY active_users DESC, day LIMIT 1),
        'activities', (SELECT sum(activities) FROM daily),
        'growth_rate', CASE WHEN %(days)s >= 14 THEN (
            SELECT
                (
                    sum(active_users) FILTER (WHERE number > %(days)s - 7) / 7.0
                    - sum(active_users) FILTER (WHERE number <= 7) / 7.0
                ) / nullif(sum(active_users) FILTER (WHERE number <= 7) / 7.0, 0)
            FROM daily
        ) END
    ),
    'daily', (
        SELECT json_agg(
            json_build_object(
                'date', day,
                'active_users', active_users,
                'wau', wau,
                'mau', mau,
                'stickiness', active_users::double precision / nullif(mau, 0),
                'activities', activities,
                'xp', xp,
                'sessions', sessions
            ) ORDER BY day
        )
        FROM daily
    )
) AS data
