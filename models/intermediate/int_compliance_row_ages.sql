MODEL (
  name intermediate.int_compliance_row_ages,
  kind VIEW,
  description 'One row per row of a source table with a retention limit, orphans left out: whose it is, or which school it belongs to, and when its time began.'
);

SELECT
  'analytics' AS source_table,
  user_key,
  NULL::INT AS school_key,
  created_at AS kept_from
FROM intermediate.int_events
UNION ALL
SELECT
  'user_progress' AS source_table,
  progress.user_key,
  NULL::INT AS school_key,
  progress.updated_at AS kept_from
FROM staging.stg_user_progress AS progress
INNER JOIN intermediate.int_users AS users /* drops orphans of users */
  ON users.user_key = progress.user_key
INNER JOIN staging.stg_lessons AS lessons /* drops orphans of lessons */
  ON lessons.lesson_key = progress.lesson_key
UNION ALL
SELECT
  'quiz_attempts' AS source_table,
  attempts.user_key,
  NULL::INT AS school_key,
  COALESCE(attempts.completed_at, attempts.started_at) AS kept_from
FROM staging.stg_quiz_attempts AS attempts
INNER JOIN intermediate.int_users AS users /* drops orphans of users */
  ON users.user_key = attempts.user_key
INNER JOIN staging.stg_quizzes AS quizzes /* drops orphans of quizzes */
  ON quizzes.quiz_key = attempts.quiz_key
UNION ALL
SELECT
  'class_enrollments' AS source_table,
  NULL::INT AS user_key,
  classes.school_key,
  enrollments.enrolled_at AS kept_from
FROM staging.stg_class_enrollments AS enrollments
INNER JOIN intermediate.int_users AS users /* drops orphans of users */
  ON users.user_key = enrollments.user_key
INNER JOIN staging.stg_classes AS classes /* drops orphans of classes */
  ON classes.class_key = enrollments.class_key
UNION ALL
SELECT
  'users' AS source_table,
  user_key,
  NULL::INT AS school_key,
  COALESCE(last_login_at, created_at) AS kept_from
FROM staging.stg_users
UNION ALL
SELECT
  'consents' AS source_table,
  consents.user_key,
  NULL::INT AS school_key,
  consents.given_at AS kept_from
FROM staging.stg_consents AS consents
INNER JOIN intermediate.int_users AS users /* drops consents of nobody */
  ON users.user_key = consents.user_key
UNION ALL
SELECT
  'data_subject_requests' AS source_table,
  NULL::INT AS user_key,
  places.school_key,
  requests.received_at AS kept_from
FROM staging.stg_data_subject_requests AS requests
LEFT JOIN intermediate.int_compliance_request_schools AS places
  ON places.request_key = requests.request_key
UNION ALL
SELECT
  'security_incidents' AS source_table,
  NULL::INT AS user_key,
  school_key,
  aware_at AS kept_from
FROM staging.stg_security_incidents
