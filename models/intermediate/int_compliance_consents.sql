MODEL (
  name intermediate.int_compliance_consents,
  kind VIEW,
  description 'One row per user and purpose: the newest consent, by the moment it was given, then by id.',
  grain (user_key, purpose)
);

SELECT
  user_key,
  purpose,
  policy_version,
  given_by = 'parent' AS is_given_by_parent,
  NOT withdrawn_at IS NULL AS is_withdrawn
FROM staging.stg_consents
QUALIFY
  ROW_NUMBER() OVER (PARTITION BY user_key, purpose ORDER BY given_at DESC, consent_id DESC) = 1
