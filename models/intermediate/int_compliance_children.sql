MODEL (
  name intermediate.int_compliance_children,
  kind VIEW,
  description 'One row per learner with an active account below the age of digital consent of the country of the school.',
  grain user_key
);

WITH children AS (
  SELECT
    user_key,
    school_key,
    age_years
  FROM intermediate.int_users
  WHERE
    is_learner AND is_active AND is_below_consent_age
), parental_consents AS (
  SELECT
    user_key
  FROM intermediate.int_compliance_consents
  WHERE
    purpose = 'analytics' AND is_given_by_parent AND NOT is_withdrawn
)
SELECT
  children.user_key,
  children.school_key,
  CASE
    WHEN children.age_years IS NULL
    THEN 'unknown'
    WHEN children.age_years < 13
    THEN 'under_13'
    ELSE '13_to_15'
  END AS age_band,
  NOT parental_consents.user_key IS NULL AS has_parental_consent
FROM children
LEFT JOIN parental_consents
  ON parental_consents.user_key = children.user_key
