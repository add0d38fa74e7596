WITH day AS (
    SELECT
        each_day::date AS day,
        (
            SELECT coalesce(sum(xp_earned), 0) FROM event
            WHERE event.user_id = person.user_id AND event.local_date = each_day::date
        ) AS xp
    FROM person CROSS JOIN generate_series(today - 6, today, interval '1 day') AS each_day
    WHERE person.user_id = (SELECT user_id FROM caller)
)
SELECT json_build_object(
    'week_total', (SELECT sum(xp) FROM day),
    'daily_average', (SELECT sum(xp) / 7.0 FROM day),
    'streak_days', coalesce((
        SELECT days FROM streak JOIN person USING (user_id)
        WHERE user_id = (SELECT user_id FROM caller) AND last_date IN (today, today - 1)
    ), 0),
    'days', (
        SELECT json_agg(json_build_object('date', day, 'weekday', to_char(day, 'Dy'), 'xp', xp) ORDER BY day) FROM day
    )
) AS data
