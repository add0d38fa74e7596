WITH size (time_range, days) AS (VALUES ('day', 1), ('week', 7), ('month', 30), ('year', 365)),
scope AS (
    SELECT 'school' AS scope, school_id AS scope_id, school_id, today AS last_date FROM school
    UNION ALL
    SELECT 'platform', 'platform', school_id, ((SELECT as_of FROM moment) AT TIME ZONE 'UTC')::date FROM school
),
events AS (
    SELECT scope.scope, scope_id, time_range, count(DISTINCT user_id) AS active_users, count(*) AS activities, sum(xp_earned) AS xp
    FROM scope CROSS JOIN size
    JOIN event ON event.school_id = scope.school_id AND local_date > last_date - days AND local_date <= last_date
    GROUP BY scope.scope, scope_id, time_range
),
attempts AS (
    SELECT scope.scope, scope_id, time_range, sum(score) AS quiz_score_sum, count(*) AS quiz_attempts, avg(score) AS average_quiz_score
    FROM scope CROSS JOIN size
    JOIN attempt
        ON attempt.school_id = scope.school_id AND is_completed
        AND completed_date > last_date - days AND completed_date <= last_date
    GROUP BY scope.scope, scope_id, time_range
)
SELECT
    wanted.scope,
    wanted.scope_id,
    wanted.time_range,
    coalesce(active_users, 0) AS active_users,
    coalesce(activities, 0) AS activities,
    coalesce(xp, 0) AS xp,
    coalesce(quiz_score_sum, 0) AS quiz_score_sum,
    coalesce(quiz_attempts, 0) AS quiz_attempts,
    average_quiz_score
FROM (SELECT DISTINCT scope, scope_id, time_range FROM scope CROSS JOIN size) AS wanted
LEFT JOIN events USING (scope, scope_id, time_range)
LEFT JOIN attempts USING (scope, scope_id, time_range)
