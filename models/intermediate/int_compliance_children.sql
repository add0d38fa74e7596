MODEL (
  name intermediate.int_compliance_children,
  kind VIEW,
  description 'One row per learner with an active account below the age of digital consent of the country of the school.',
  grain user_key
);

WITH learners AS (
  SELECT
    user_key,
    school_key
  FROM marts.dim_user
  WHERE
    is_learner AND is_active AND is_below_consent_age
), births AS (
  SELECT
    user_key,
    birth_date
  FROM staging.stg_users
), schools AS (
  SELECT
    school_key,
    today_date
  FROM marts.dim_school
), parental_consents AS (
  SELECT
    user_key
  FROM intermediate.int_compliance_consents
  WHERE
    purpose = 'analytics' AND is_given_by_parent AND NOT is_withdrawn
), ages AS (
  SELECT
    learners.user_key,
    learners.school_key,
    EXTRACT(YEAR FROM schools.today_date) /* completed years: a child of 29 February has its birthday on 1 March in common years */ - EXTRACT(YEAR FROM births.birth_date) - CASE
      WHEN EXTRACT(MONTH FROM schools.today_date) * 100 + EXTRACT(DAY FROM schools.today_date) < EXTRACT(MONTH FROM births.birth_date) * 100 + EXTRACT(DAY FROM births.birth_date)
      THEN 1
      ELSE 0
    END AS age
  FROM learners
  LEFT JOIN births
    ON births.user_key = learners.user_key
  LEFT JOIN schools
    ON schools.school_key = learners.school_key
)
SELECT
  ages.user_key,
  ages.school_key,
  CASE
    WHEN ages.age IS NULL
    THEN 'unknown'
    WHEN ages.age < 13
    THEN 'under_13'
    ELSE '13_to_15'
  END AS age_band,
  NOT parental_consents.user_key IS NULL AS has_parental_consent
FROM ages
LEFT JOIN parental_consents
  ON parental_consents.user_key = ages.user_key
