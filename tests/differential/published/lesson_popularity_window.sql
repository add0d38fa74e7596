-- Views and learners of windows of N days out of the daily mart, as an endpoint adds them up.
WITH size (days) AS (VALUES (1), (2), (7), (30), (90), (365)),
moment AS (SELECT $as_of AS as_of),
scoped AS (
    SELECT school_key AS scope_key, 'school' AS scope, today_date AS last_date, lesson_key, activity_date, views, learners_last_seen AS learners
    FROM lesson_popularity JOIN dim_school USING (school_key)
    UNION ALL
    SELECT 0, 'platform', CAST(as_of AS DATE), lesson_key, activity_date, views, learners_last_seen
    FROM platform_lesson_popularity CROSS JOIN moment
)
SELECT scope, scope_key, days, lesson_key, SUM(views) AS views, SUM(learners) AS learners
FROM scoped CROSS JOIN size
WHERE activity_date > last_date - days AND activity_date <= last_date
GROUP BY ALL
HAVING SUM(views) > 0
