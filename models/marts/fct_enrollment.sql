MODEL (
  name marts.fct_enrollment,
  kind FULL,
  depends_on (marts.dim_user, marts.dim_school),
  description 'One row per class and user enrolled in it, withdrawn ones included, of known classes and users.',
  grain (class_key, user_key),
  audits (
    unique_combination_of_columns(columns := (class_key, user_key)),
    not_null(
      columns := (class_key, user_key, school_key, status, is_enrolled, enrolled_at, enrolled_date)
    ),
    references_dim_user,
    references_dim_school
  ),
  column_descriptions (
    class_key = 'Class',
    user_key = 'Key of the person who is enrolled',
    school_key = 'School of the class',
    status = 'State as the source has it: active, completed, withdrawn',
    is_enrolled = 'Whether the state is not withdrawn',
    enrolled_at = 'When the person was enrolled (UTC)',
    enrolled_date = 'Local date of enrolled_at at the school of the person'
  )
);

SELECT
  stg_class_enrollments.class_key::INT AS class_key,
  stg_class_enrollments.user_key::INT AS user_key,
  int_classes.school_key::INT AS school_key,
  stg_class_enrollments.status::TEXT AS "status",
  CAST(stg_class_enrollments.status <> 'withdrawn' AS BOOLEAN) AS is_enrolled,
  stg_class_enrollments.enrolled_at::TIMESTAMP AS enrolled_at,
  @local_date(stg_class_enrollments.enrolled_at, zone_day) AS enrolled_date
FROM staging.stg_class_enrollments
INNER JOIN intermediate.int_classes /* drops orphans of classes */
  ON int_classes.class_key = stg_class_enrollments.class_key
INNER JOIN intermediate.int_users /* drops orphans of users */
  ON int_users.user_key = stg_class_enrollments.user_key
LEFT JOIN staging.stg_zone_days AS zone_day
  ON zone_day.zone = int_users.zone
  AND zone_day.utc_date = stg_class_enrollments.enrolled_at::DATE
