MODEL (
  name marts.dim_user,
  kind FULL,
  depends_on (
    marts.dim_school
  ),
  description 'One row per person with a role: keys and flags, nothing that names anybody.',
  grain user_key,
  audits (
    unique_values(columns := (
      user_key
    )),
    not_null(
      columns := (
        user_key,
        role,
        school_key,
        is_active,
        is_learner,
        is_leaderboard_participant,
        is_below_consent_age
      )
    ),
    accepted_values("column" := role, is_in := ('ADMIN', 'TEACHER', 'STUDENT')),
    references_dim_school
  ),
  column_descriptions (
    user_key = 'Key of the person; the identity behind it is not in the marts',
    role = 'ADMIN, TEACHER or STUDENT',
    school_key = 'School of the person, 0 without one',
    is_active = 'Whether the account is active',
    is_learner = 'Whether the role is STUDENT',
    is_leaderboard_participant = 'Learner with an active account who has neither opted out nor withdrawn the newest consent for leaderboards',
    is_below_consent_age = 'Whether the person is below the age of digital consent of the country of the school today; an unknown birth date counts as a child, an unknown country as 16',
    first_active_date = 'First local date with an event, NULL without any'
  )
);

WITH first_dates AS (
  SELECT
    int_activity_spans.user_key,
    MIN(int_activity_spans.start_date) AS first_active_date
  FROM intermediate.int_activity_spans
  GROUP BY
    int_activity_spans.user_key
)
SELECT
  int_users.user_key::INT AS user_key,
  int_users.role::TEXT AS "role",
  int_users.school_key::INT AS school_key,
  int_users.is_active::BOOLEAN AS is_active,
  int_users.is_learner::BOOLEAN AS is_learner,
  int_users.is_leaderboard_participant::BOOLEAN AS is_leaderboard_participant,
  int_users.is_below_consent_age::BOOLEAN AS is_below_consent_age,
  first_dates.first_active_date::DATE AS first_active_date
FROM intermediate.int_users
LEFT JOIN first_dates
  ON first_dates.user_key = int_users.user_key
