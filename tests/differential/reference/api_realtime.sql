-- The one answer that looks at the real now: straight at the activity stream, for known users on known lessons (or none).
WITH seen AS (
    SELECT
        analytics.id,
        analytics.user_id,
        analytics.event_type,
        lessons.title AS lesson_title,
        analytics.xp_earned,
        analytics.created_at,
        (analytics.created_at AT TIME ZONE person.zone)::date AS local_date,
        (
            %(observed_at)s::timestamptz
            AT TIME ZONE CASE WHEN (SELECT school_id FROM caller) IS NULL THEN 'UTC' ELSE person.zone END
        )::date AS today
    FROM analytics
    JOIN person ON person.user_id = analytics.user_id
    JOIN scope ON scope.school_id = person.school_id
    LEFT JOIN lessons ON lessons.id = analytics.lesson_id
    WHERE analytics.created_at <= %(observed_at)s AND (analytics.lesson_id IS NULL OR lessons.id IS NOT NULL)
),
newest AS (
    SELECT seen.*, shown.name FROM seen JOIN shown USING (user_id) ORDER BY created_at DESC, id DESC LIMIT 10
)
SELECT json_build_object(
    'active_users', (
        SELECT count(DISTINCT user_id) FROM seen
        WHERE created_at > %(observed_at)s::timestamptz - interval '5 minutes'
    ),
    'activities_today', (SELECT count(*) FROM seen WHERE local_date = today),
    'recent_activities', (
        SELECT coalesce(
            json_agg(
                json_build_object(
                    'user_name', name,
                    'event_type', event_type,
                    'lesson_title', lesson_title,
                    'xp_earned', xp_earned,
                    'occurred_at', created_at
                ) ORDER BY created_at DESC, id DESC
            ), '[]'
        )
        FROM newest
    )
) AS data
