MODEL (
  name intermediate.int_compliance_policy_versions,
  kind VIEW,
  description 'One row per purpose that a known user was asked for: the version of the policy that was given last.',
  grain purpose
);

/* inner: a consent of nobody counts in no metric */
SELECT
  consents.purpose,
  consents.policy_version AS newest_policy_version
FROM staging.stg_consents AS consents
INNER JOIN staging.stg_users AS users
  ON users.user_key = consents.user_key
QUALIFY
  ROW_NUMBER() OVER (
    PARTITION BY consents.purpose
    ORDER BY consents.given_at DESC, consents.consent_id DESC
  ) = 1
