MODEL (
  name intermediate.int_compliance_row_ages,
  kind VIEW,
  description 'What a source table with a retention limit holds, orphans left out: which school it belongs to (that of the person, where it is about one), and when its time began. One row per row; of events, progress and attempts, which are many, one row per school and side of the limit, with their number and the first moment.'
);

WITH days AS (
  SELECT
    fct_user_day.user_key,
    fct_user_day.activity_date,
    fct_user_day.school_key,
    fct_user_day.event_count,
    fct_user_day.first_event_at,
    fct_user_day.first_event_at < limits.kept_until AS is_overdue,
    fct_user_day.first_event_at < limits.kept_until
    AND fct_user_day.last_event_at >= limits.kept_until AS is_on_both_sides
  FROM marts.fct_user_day
  CROSS JOIN intermediate.int_compliance_limits AS limits
  WHERE
    limits.source_table = 'analytics'
)
SELECT
  'analytics' AS source_table,
  days.school_key,
  MIN(days.first_event_at) AS kept_from,
  SUM(days.event_count)::BIGINT AS row_count
FROM days
WHERE
  NOT days.is_on_both_sides
GROUP BY
  days.school_key,
  days.is_overdue
UNION ALL
SELECT
  'analytics' AS source_table,
  days.school_key,
  events.created_at AS kept_from,
  1 AS row_count
FROM days
INNER JOIN staging.stg_analytics AS events /* of a few days, if any */
  ON events.user_key = days.user_key AND events.activity_date = days.activity_date
LEFT JOIN staging.stg_lessons AS lessons
  ON lessons.lesson_key = events.lesson_key
WHERE
  days.is_on_both_sides
  AND (
    events.lesson_key IS NULL OR NOT lessons.lesson_key IS NULL
  )
UNION ALL
SELECT
  'user_progress' AS source_table,
  progress.school_key,
  MIN(progress.updated_at) AS kept_from,
  COUNT(*) AS row_count
FROM marts.fct_lesson_progress AS progress
CROSS JOIN intermediate.int_compliance_limits AS limits
WHERE
  limits.source_table = 'user_progress'
GROUP BY
  progress.school_key,
  progress.updated_at < limits.kept_until
UNION ALL
SELECT
  'quiz_attempts' AS source_table,
  attempts.school_key,
  MIN(COALESCE(attempts.completed_at, attempts.started_at)) AS kept_from,
  COUNT(*) AS row_count
FROM marts.fct_quiz_attempt AS attempts
CROSS JOIN intermediate.int_compliance_limits AS limits
WHERE
  limits.source_table = 'quiz_attempts'
GROUP BY
  attempts.school_key,
  COALESCE(attempts.completed_at, attempts.started_at) < limits.kept_until
UNION ALL
SELECT
  'class_enrollments' AS source_table,
  classes.school_key,
  enrollments.enrolled_at AS kept_from,
  1 AS row_count
FROM staging.stg_class_enrollments AS enrollments
INNER JOIN intermediate.int_users AS users /* drops orphans of users */
  ON users.user_key = enrollments.user_key
INNER JOIN staging.stg_classes AS classes /* drops orphans of classes */
  ON classes.class_key = enrollments.class_key
UNION ALL
SELECT
  'users' AS source_table,
  users.school_key,
  COALESCE(accounts.last_login_at, accounts.created_at) AS kept_from,
  1 AS row_count
FROM staging.stg_users AS accounts
INNER JOIN intermediate.int_users AS users /* everybody */
  ON users.user_key = accounts.user_key
UNION ALL
SELECT
  'consents' AS source_table,
  users.school_key,
  consents.given_at AS kept_from,
  1 AS row_count
FROM staging.stg_consents AS consents
INNER JOIN intermediate.int_users AS users /* drops consents of nobody */
  ON users.user_key = consents.user_key
UNION ALL
SELECT
  'data_subject_requests' AS source_table,
  places.school_key,
  requests.received_at AS kept_from,
  1 AS row_count
FROM staging.stg_data_subject_requests AS requests
LEFT JOIN intermediate.int_compliance_request_schools AS places
  ON places.request_key = requests.request_key
UNION ALL
SELECT
  'security_incidents' AS source_table,
  school_key,
  aware_at AS kept_from,
  1 AS row_count
FROM staging.stg_security_incidents
