-- Views and distinct learners of windows of N days, for a school (ends on its today) and for the platform (UTC date).
WITH size (days) AS (VALUES (1), (2), (7), (30), (90), (365)),
scoped AS (
    SELECT event.*, 'school' AS scope, school_id AS scope_id, today AS last_date FROM event
    UNION ALL
    SELECT event.*, 'platform', 'platform', ((SELECT as_of FROM moment) AT TIME ZONE 'UTC')::date FROM event
)
SELECT
    scope,
    scope_id,
    days,
    lesson_id,
    count(*) AS views,
    count(DISTINCT user_id) FILTER (WHERE is_learner) AS learners
FROM scoped CROSS JOIN size
WHERE lesson_id IS NOT NULL AND local_date > last_date - days AND local_date <= last_date
GROUP BY scope, scope_id, days, lesson_id
