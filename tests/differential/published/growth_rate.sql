WITH size (days) AS (VALUES (7), (13), (14), (30), (90)),
moment AS (SELECT $as_of AS as_of),
scoped AS (
    SELECT 'school' AS scope, school_key AS scope_key, today_date AS last_date, activity_date, active_users
    FROM engagement_daily JOIN dim_school USING (school_key)
    UNION ALL
    SELECT 'platform', 0, CAST(as_of AS DATE), activity_date, active_users
    FROM engagement_daily CROSS JOIN moment
),
totals AS (
    SELECT
        scope,
        scope_key,
        days,
        SUM(active_users) FILTER (WHERE activity_date BETWEEN last_date - 6 AND last_date) AS newest,
        SUM(active_users) FILTER (WHERE activity_date BETWEEN last_date - days + 1 AND last_date - days + 7) AS oldest
    FROM scoped CROSS JOIN size
    GROUP BY ALL
)
SELECT
    scope,
    scope_key,
    days,
    CASE WHEN days >= 14 AND oldest > 0 THEN CAST(COALESCE(newest, 0) - oldest AS DOUBLE) / oldest END AS growth_rate
FROM totals
