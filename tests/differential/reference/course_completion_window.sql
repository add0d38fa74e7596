WITH size (days) AS (VALUES (1), (2), (7), (30), (90), (365)),
scoped AS (
    SELECT progress.*, 'school' AS scope, school_id AS scope_id, today AS last_date FROM progress
    UNION ALL
    SELECT progress.*, 'platform', 'platform', ((SELECT as_of FROM moment) AT TIME ZONE 'UTC')::date FROM progress
)
SELECT
    scope,
    scope_id,
    days,
    course_id,
    avg(progress_percentage) AS average_completion,
    count(*) AS progress_rows,
    count(DISTINCT user_id) FILTER (WHERE is_learner) AS learners
FROM scoped CROSS JOIN size
WHERE course_id IS NOT NULL AND updated_date > last_date - days AND updated_date <= last_date
GROUP BY scope, scope_id, days, course_id
