MODEL (
  name intermediate.int_users,
  kind FULL,
  description 'One row per person with the resolved school, its today, and what age and consents allow. tie_order is the order of the source ids.',
  grain user_key
);

WITH users AS (
  SELECT
    stg_users.user_key,
    stg_users.user_id,
    COALESCE(int_schools.school_key, 0) AS school_key,
    stg_users.role,
    stg_users.is_active,
    stg_users.birth_date,
    stg_users.leaderboard_opt_out,
    stg_users.last_login_at
  FROM staging.stg_users
  LEFT JOIN intermediate.int_schools
    ON int_schools.school_key = stg_users.school_key
), leaderboard_consents AS (
  SELECT
    stg_consents.user_key,
    NOT stg_consents.withdrawn_at IS NULL AS is_withdrawn
  FROM staging.stg_consents
  WHERE
    stg_consents.purpose = 'leaderboard'
  QUALIFY
    ROW_NUMBER() OVER (
      PARTITION BY stg_consents.user_key
      ORDER BY stg_consents.given_at DESC, stg_consents.consent_id DESC
    ) = 1
), consent_ages AS (
  SELECT
    int_schools.school_key,
    age_of_consent.age
  FROM intermediate.int_schools
  INNER JOIN seeds.age_of_consent /* drops schools of a country without a rule: they get the default below */
    ON age_of_consent.country = int_schools.country
    AND age_of_consent.valid_from <= int_schools.today_date
  QUALIFY
    ROW_NUMBER() OVER (PARTITION BY int_schools.school_key ORDER BY age_of_consent.valid_from DESC) = 1
), ages AS (
  SELECT
    users.user_key,
    EXTRACT(YEAR FROM int_schools.today_date) - EXTRACT(YEAR FROM users.birth_date) - CASE
      WHEN EXTRACT(MONTH FROM int_schools.today_date) * 100 + EXTRACT(DAY FROM int_schools.today_date) < EXTRACT(MONTH FROM users.birth_date) * 100 + EXTRACT(DAY FROM users.birth_date)
      THEN 1
      ELSE 0
    END AS completed_years
  FROM users
  INNER JOIN intermediate.int_schools
    ON int_schools.school_key = users.school_key
)
SELECT
  users.user_key::INT AS user_key,
  users.role::TEXT AS "role",
  users.school_key::INT AS school_key,
  int_schools.zone::TEXT AS zone,
  int_schools.today_date::DATE AS today_date,
  int_schools.as_of_date::DATE AS as_of_date,
  users.is_active::BOOLEAN AS is_active,
  CAST(users.role = 'STUDENT' AS BOOLEAN) AS is_learner,
  CAST(users.role = 'STUDENT'
  AND users.is_active
  AND NOT users.leaderboard_opt_out
  AND NOT COALESCE(leaderboard_consents.is_withdrawn, FALSE) AS BOOLEAN) AS is_leaderboard_participant,
  CAST(COALESCE(ages.completed_years, -1) < COALESCE(consent_ages.age, @unknown_country_consent_age) AS BOOLEAN) AS is_below_consent_age,
  ages.completed_years::INT AS age_years,
  users.last_login_at::TIMESTAMP AS last_login_at,
  ROW_NUMBER() OVER (ORDER BY users.user_id)::INT AS tie_order
FROM users
LEFT JOIN intermediate.int_schools
  ON int_schools.school_key = users.school_key
LEFT JOIN ages
  ON ages.user_key = users.user_key
LEFT JOIN consent_ages
  ON consent_ages.school_key = users.school_key
LEFT JOIN leaderboard_consents
  ON leaderboard_consents.user_key = users.user_key
