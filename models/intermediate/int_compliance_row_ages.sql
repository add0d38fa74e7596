MODEL (
  name intermediate.int_compliance_row_ages,
  kind VIEW,
  description 'One row per row of a source table with a retention limit, orphans included: whose it is, and when its time began.'
);

SELECT
  'analytics' AS source_table,
  user_key,
  NULL::INT AS school_key,
  created_at AS kept_from
FROM staging.stg_analytics
UNION ALL
SELECT
  'user_progress' AS source_table,
  user_key,
  NULL::INT AS school_key,
  updated_at AS kept_from
FROM staging.stg_user_progress
UNION ALL
SELECT
  'quiz_attempts' AS source_table,
  user_key,
  NULL::INT AS school_key,
  COALESCE(completed_at, started_at) AS kept_from
FROM staging.stg_quiz_attempts
UNION ALL
SELECT
  'class_enrollments' AS source_table,
  user_key,
  NULL::INT AS school_key,
  enrolled_at AS kept_from
FROM staging.stg_class_enrollments
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
  user_key,
  NULL::INT AS school_key,
  given_at AS kept_from
FROM staging.stg_consents
UNION ALL
SELECT
  'data_subject_requests' AS source_table,
  user_key,
  school_key,
  received_at AS kept_from
FROM staging.stg_data_subject_requests
UNION ALL
SELECT
  'security_incidents' AS source_table,
  NULL::INT AS user_key,
  school_key,
  aware_at AS kept_from
FROM staging.stg_security_incidents
