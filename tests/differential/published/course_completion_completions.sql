WITH size (days) AS (VALUES (1), (2), (7), (30), (90), (365)),
moment AS (SELECT $as_of AS as_of),
scoped AS (
    SELECT school_key AS scope_key, 'school' AS scope, today_date AS last_date, course_key, activity_date, completions
    FROM course_completion JOIN dim_school USING (school_key)
    UNION ALL
    SELECT 0, 'platform', CAST(as_of AS DATE), course_key, activity_date, completions
    FROM course_completion CROSS JOIN moment
)
SELECT scope, scope_key, days, course_key, SUM(completions) AS completions
FROM scoped CROSS JOIN size
WHERE activity_date > last_date - days AND activity_date <= last_date
GROUP BY ALL
HAVING SUM(completions) > 0
