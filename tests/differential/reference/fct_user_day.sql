SELECT
    user_id,
    local_date AS activity_date,
    min(school_id) AS school_id,
    count(*) AS event_count,
    sum(xp_earned) AS xp,
    count(DISTINCT lesson_id) AS lesson_count,
    count(lesson_id) AS view_count,
    (
        SELECT count(*) FROM session
        WHERE session.user_id = event.user_id AND session.local_date = event.local_date
    ) AS session_count,
    (
        SELECT coalesce(sum(extract(epoch FROM session.length)), 0) FROM session
        WHERE session.user_id = event.user_id AND session.local_date = event.local_date
    ) AS session_seconds,
    min(created_at) AS first_event_at,
    max(created_at) AS last_event_at
FROM event
GROUP BY user_id, local_date
