MODEL (
  name marts.school_window,
  kind FULL,
  depends_on (
    marts.dim_school
  ),
  description 'One row per scope (each school, and the platform) and time range.',
  grain (scope, scope_key, time_range),
  audits (
    unique_combination_of_columns(columns := (scope, scope_key, time_range)),
    not_null(
      columns := (
        scope,
        scope_key,
        time_range,
        active_users,
        activities,
        xp,
        quiz_score_sum,
        quiz_attempts
      )
    ),
    accepted_values("column" := scope, is_in := ('school', 'platform')),
    accepted_values("column" := time_range, is_in := ('day', 'week', 'month', 'year')),
    references_dim_school("column" := scope_key),
    forall(criteria := (
      active_users <= activities
    ))
  ),
  column_descriptions (
    scope = 'school or platform',
    scope_key = 'Key of the school; 0 for the platform',
    time_range = 'day, week, month, year: 1, 7, 30, 365 dates that end on the today of the school, for the platform on the UTC date of as_of',
    active_users = 'Distinct users with an event in the window',
    activities = 'Events in the window',
    xp = 'Sum of the XP earned in the window',
    quiz_score_sum = 'Sum of the scores of the attempts completed in the window',
    quiz_attempts = 'Attempts completed in the window',
    average_quiz_score = 'quiz_score_sum / quiz_attempts, 0..100; NULL without any'
  )
);

WITH rows_of_scopes AS (
  SELECT DISTINCT
    int_window_scopes.scope,
    int_window_scopes.scope_key,
    int_window_scopes.time_range
  FROM intermediate.int_window_scopes
), last_days AS (
  SELECT
    'school' AS scope,
    int_users.school_key,
    int_activity_spans.end_date AS last_date
  FROM intermediate.int_activity_spans
  INNER JOIN intermediate.int_users /* every active user is there */
    ON int_users.user_key = int_activity_spans.user_key
  WHERE
    int_activity_spans.next_start_date IS NULL
  UNION ALL
  /* the last one until the UTC date of as_of: of the run that began last by then */
  SELECT
    'platform',
    int_users.school_key,
    LEAST(int_activity_spans.end_date, int_users.as_of_date)
  FROM intermediate.int_activity_spans
  INNER JOIN intermediate.int_users /* every active user is there */
    ON int_users.user_key = int_activity_spans.user_key
    AND int_users.as_of_date >= int_activity_spans.start_date
  WHERE
    int_activity_spans.next_start_date IS NULL
    OR int_activity_spans.next_start_date > int_users.as_of_date
), users AS (
  SELECT
    scopes.scope,
    scopes.scope_key,
    scopes.time_range,
    COUNT(*) AS active_users
  FROM last_days
  INNER JOIN intermediate.int_window_scopes AS scopes /* the windows that the last date of the user lies in */
    ON scopes.scope = last_days.scope
    AND scopes.school_key = last_days.school_key
    AND last_days.last_date BETWEEN scopes.from_date AND scopes.to_date
  GROUP BY
    scopes.scope,
    scopes.scope_key,
    scopes.time_range
), activity AS (
  SELECT
    scopes.scope,
    scopes.scope_key,
    scopes.time_range,
    SUM(engagement_daily.activities) AS activities,
    SUM(engagement_daily.xp) AS xp
  FROM marts.engagement_daily
  INNER JOIN intermediate.int_window_scopes AS scopes /* the windows that the date lies in */
    ON scopes.school_key = engagement_daily.school_key
    AND engagement_daily.activity_date BETWEEN scopes.from_date AND scopes.to_date
  GROUP BY
    scopes.scope,
    scopes.scope_key,
    scopes.time_range
), attempts AS (
  SELECT
    scopes.scope,
    scopes.scope_key,
    scopes.time_range,
    COUNT(*) AS quiz_attempts,
    SUM(fct_quiz_attempt.score) AS quiz_score_sum
  FROM marts.fct_quiz_attempt
  INNER JOIN intermediate.int_window_scopes AS scopes /* the windows that the date lies in */
    ON scopes.school_key = fct_quiz_attempt.school_key
    AND fct_quiz_attempt.completed_date BETWEEN scopes.from_date AND scopes.to_date
  WHERE
    fct_quiz_attempt.is_completed
  GROUP BY
    scopes.scope,
    scopes.scope_key,
    scopes.time_range
)
SELECT
  rows_of_scopes.scope::TEXT AS scope,
  rows_of_scopes.scope_key::INT AS scope_key,
  rows_of_scopes.time_range::TEXT AS time_range,
  COALESCE(users.active_users, 0)::INT AS active_users,
  COALESCE(activity.activities, 0)::BIGINT AS activities,
  COALESCE(activity.xp, 0)::BIGINT AS xp,
  COALESCE(attempts.quiz_score_sum, 0)::DECIMAL(18, 2) AS quiz_score_sum,
  COALESCE(attempts.quiz_attempts, 0)::INT AS quiz_attempts,
  CAST(attempts.quiz_score_sum::DOUBLE / attempts.quiz_attempts AS DOUBLE) AS average_quiz_score
FROM rows_of_scopes
LEFT JOIN users
  ON users.scope = rows_of_scopes.scope
  AND users.scope_key = rows_of_scopes.scope_key
  AND users.time_range = rows_of_scopes.time_range
LEFT JOIN activity
  ON activity.scope = rows_of_scopes.scope
  AND activity.scope_key = rows_of_scopes.scope_key
  AND activity.time_range = rows_of_scopes.time_range
LEFT JOIN attempts
  ON attempts.scope = rows_of_scopes.scope
  AND attempts.scope_key = rows_of_scopes.scope_key
  AND attempts.time_range = rows_of_scopes.time_range
