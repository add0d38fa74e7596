WITH size (days) AS (VALUES (1), (2), (7), (30), (90), (365)),
moment AS (SELECT $as_of AS as_of),
scoped AS (
    SELECT school_key AS scope_key, 'school' AS scope, today_date AS last_date, course_key, activity_date, progress_rows, progress_sum, learners_last_updated AS learners
    FROM course_completion JOIN dim_school USING (school_key)
    UNION ALL
    SELECT 0, 'platform', CAST(as_of AS DATE), course_key, activity_date, progress_rows, progress_sum, learners_last_updated_utc
    FROM course_completion CROSS JOIN moment
)
SELECT
    scope,
    scope_key,
    days,
    course_key,
    SUM(progress_sum) / SUM(progress_rows) AS average_completion,
    SUM(progress_rows) AS progress_rows,
    SUM(learners) AS learners
FROM scoped CROSS JOIN size
WHERE activity_date > last_date - days AND activity_date <= last_date
GROUP BY ALL
HAVING SUM(progress_rows) > 0
