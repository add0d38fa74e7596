MODEL (
  name marts.compliance_group_sizes,
  kind FULL,
  depends_on (
    marts.dim_school
  ),
  description 'One row per school: how many people stand behind each figure of its overview, so that figures about few are withheld from who may not see them.',
  grain school_key,
  audits (
    references_dim_school,
    UNIQUE_VALUES(columns := (
      school_key
    )),
    NOT_NULL(columns := (school_key, progress_users, attempt_users))
  ),
  column_descriptions (
    school_key = 'School of the people',
    progress_users = 'People with a progress row',
    attempt_users = 'People with a quiz attempt',
    completing_users = 'People with a completed attempt',
    incomplete_users = 'People with an attempt that is not completed',
    enrolled_users = 'People with an enrolment in a class of the school',
    attending_users = 'Those with an enrolment whose status is active',
    absent_users = 'Those with an enrolment of another status'
  )
);

WITH schools AS (
  SELECT
    school_key
  FROM marts.dim_school
), progress AS (
  SELECT
    school_key,
    COUNT(DISTINCT user_key) AS progress_users
  FROM marts.fct_lesson_progress
  GROUP BY
    school_key
), attempts AS (
  SELECT
    school_key,
    COUNT(DISTINCT user_key) AS attempt_users,
    COUNT(DISTINCT CASE WHEN is_completed THEN user_key END) AS completing_users,
    COUNT(DISTINCT CASE WHEN NOT is_completed THEN user_key END) AS incomplete_users
  FROM marts.fct_quiz_attempt
  GROUP BY
    school_key
), enrollments AS (
  SELECT
    school_key,
    COUNT(DISTINCT user_key) AS enrolled_users,
    COUNT(DISTINCT CASE WHEN status = 'active' THEN user_key END) AS attending_users,
    COUNT(DISTINCT CASE WHEN status <> 'active' THEN user_key END) AS absent_users
  FROM marts.fct_enrollment
  GROUP BY
    school_key
)
SELECT
  schools.school_key::INT AS school_key,
  COALESCE(progress.progress_users, 0)::INT AS progress_users,
  COALESCE(attempts.attempt_users, 0)::INT AS attempt_users,
  COALESCE(attempts.completing_users, 0)::INT AS completing_users,
  COALESCE(attempts.incomplete_users, 0)::INT AS incomplete_users,
  COALESCE(enrollments.enrolled_users, 0)::INT AS enrolled_users,
  COALESCE(enrollments.attending_users, 0)::INT AS attending_users,
  COALESCE(enrollments.absent_users, 0)::INT AS absent_users
FROM schools
LEFT JOIN progress
  ON progress.school_key = schools.school_key
LEFT JOIN attempts
  ON attempts.school_key = schools.school_key
LEFT JOIN enrollments
  ON enrollments.school_key = schools.school_key
