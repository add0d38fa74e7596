WITH span AS (
    SELECT
        event.school_id,
        min(event.local_date) AS first_date,
        greatest(max(event.today), ((SELECT as_of FROM moment) AT TIME ZONE 'UTC')::date) AS last_date
    FROM event
    GROUP BY event.school_id
),
day AS (
    SELECT school_id, each_day::date AS day
    FROM span CROSS JOIN generate_series(first_date, last_date, interval '1 day') AS each_day
),
first_active AS (
    SELECT user_id, school_id, min(local_date) AS first_date FROM event GROUP BY user_id, school_id
),
counted AS (
    SELECT
        day.school_id,
        day.day AS activity_date,
        (
            SELECT count(DISTINCT user_id) FROM event
            WHERE event.school_id = day.school_id AND event.local_date = day.day
        ) AS active_users,
        (
            SELECT count(DISTINCT user_id) FROM event
            WHERE event.school_id = day.school_id AND event.local_date BETWEEN day.day - 6 AND day.day
        ) AS wau,
        (
            SELECT count(DISTINCT user_id) FROM event
            WHERE event.school_id = day.school_id AND event.local_date BETWEEN day.day - 27 AND day.day
        ) AS mau,
        (
            SELECT count(*) FROM event
            WHERE event.school_id = day.school_id AND event.local_date = day.day
        ) AS activities,
        (
            SELECT coalesce(sum(xp_earned), 0) FROM event
            WHERE event.school_id = day.school_id AND event.local_date = day.day
        ) AS xp,
        (
            SELECT count(*) FROM session
            WHERE session.school_id = day.school_id AND session.local_date = day.day
        ) AS sessions,
        (
            SELECT count(*) FROM first_active
            WHERE first_active.school_id = day.school_id AND first_date BETWEEN day.day - 27 AND day.day
        ) AS new_users,
        (
            SELECT count(*) FROM (
                SELECT user_id FROM event
                WHERE event.school_id = day.school_id AND local_date BETWEEN day.day - 27 AND day.day
                INTERSECT
                SELECT user_id FROM event
                WHERE event.school_id = day.school_id AND local_date BETWEEN day.day - 55 AND day.day - 28
            ) AS both_windows
        ) AS returning_users,
        (
            SELECT count(*) FROM (
                SELECT user_id FROM event
                WHERE event.school_id = day.school_id AND local_date BETWEEN day.day - 27 AND day.day
                INTERSECT
                SELECT user_id FROM event
                WHERE event.school_id = day.school_id AND local_date < day.day - 27
                EXCEPT
                SELECT user_id FROM event
                WHERE event.school_id = day.school_id AND local_date BETWEEN day.day - 55 AND day.day - 28
            ) AS came_back
        ) AS resurrected_users,
        (
            SELECT count(*) FROM (
                SELECT user_id FROM event
                WHERE event.school_id = day.school_id AND local_date BETWEEN day.day - 55 AND day.day - 28
                EXCEPT
                SELECT user_id FROM event
                WHERE event.school_id = day.school_id AND local_date BETWEEN day.day - 27 AND day.day
            ) AS gone
        ) AS dormant_users
    FROM day
)
SELECT counted.*, active_users::double precision / nullif(mau, 0) AS stickiness FROM counted
