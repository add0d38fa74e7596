-- (mean DAU of the last 7 dates - mean DAU of the first 7) / mean DAU of the first 7, for windows of N days.
WITH size (days) AS (VALUES (7), (13), (14), (30), (90)),
scope AS (
    SELECT 'school' AS scope, school_id AS scope_id, school_id, today AS last_date FROM school
    UNION ALL
    SELECT 'platform', 'platform', school_id, ((SELECT as_of FROM moment) AT TIME ZONE 'UTC')::date FROM school
),
daily AS (
    SELECT scope.scope, scope_id, local_date, last_date, count(DISTINCT user_id) AS dau
    FROM scope JOIN event ON event.school_id = scope.school_id
    GROUP BY scope.scope, scope_id, local_date, last_date
),
means AS (
    SELECT
        scope,
        scope_id,
        days,
        sum(dau) FILTER (WHERE local_date BETWEEN last_date - 6 AND last_date) / 7.0 AS last_mean,
        sum(dau) FILTER (WHERE local_date BETWEEN last_date - days + 1 AND last_date - days + 7) / 7.0 AS first_mean
    FROM daily CROSS JOIN size
    GROUP BY scope, scope_id, days
)
SELECT
    scope,
    scope_id,
    days,
    CASE WHEN days >= 14 THEN (coalesce(last_mean, 0) - first_mean) / nullif(first_mean, 0) END AS growth_rate
FROM means
