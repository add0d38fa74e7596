-- Dates on which a user was active after at least one date without, with the last active date before.
WITH scope AS (
    SELECT 'school' AS scope, school_id AS scope_id, school_id FROM school
    UNION ALL
    SELECT 'platform', 'platform', school_id FROM school
),
active AS (SELECT DISTINCT user_id, school_id, local_date FROM event),
seen AS (
    SELECT active.*, lag(local_date) OVER (PARTITION BY user_id ORDER BY local_date) AS last_date FROM active
)
SELECT
    scope.scope,
    scope_id,
    local_date AS return_date,
    coalesce(last_date, '1899-12-31') AS last_date,
    count(*) AS users
FROM seen JOIN scope USING (school_id)
WHERE last_date IS NULL OR last_date < local_date - 1
GROUP BY scope.scope, scope_id, local_date, last_date
