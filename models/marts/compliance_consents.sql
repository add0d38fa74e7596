MODEL (
  name marts.compliance_consents,
  kind FULL,
  depends_on (
    marts.dim_school
  ),
  description 'One row per purpose and school: how many users with an active account have a newest consent that is not withdrawn.',
  grain (purpose, school_key),
  audits (
    references_dim_school,
    UNIQUE_COMBINATION_OF_COLUMNS(columns := (purpose, school_key)),
    NOT_NULL(columns := (purpose, school_key, users_total, users_consented)),
    FORALL(
      criteria := (
        users_consented + users_withdrawn <= users_total,
        users_on_newest_version <= users_consented
      )
    )
  ),
  column_descriptions (
    purpose = 'What the consent was asked for',
    school_key = 'School of the users',
    users_total = 'Users with an active account',
    users_consented = 'Those of them whose newest consent for the purpose is not withdrawn',
    users_withdrawn = 'Those of them whose newest consent for the purpose is withdrawn',
    users_on_newest_version = 'Those who consented to the newest version of the policy that anybody was asked for',
    version_count = 'Versions of the policy among the consents that count',
    coverage = 'users_consented / users_total; null without users'
  )
);

WITH consents AS (
  SELECT
    user_key,
    purpose,
    policy_version,
    is_withdrawn
  FROM intermediate.int_compliance_consents
), active_users AS (
  SELECT
    user_key,
    school_key
  FROM marts.dim_user
  WHERE
    is_active
), school_sizes AS (
  SELECT
    schools.school_key,
    COUNT(active_users.user_key) AS users_total
  FROM marts.dim_school AS schools
  LEFT JOIN active_users
    ON active_users.school_key = schools.school_key
  GROUP BY
    schools.school_key
), newest_versions AS (
  SELECT
    purpose,
    newest_policy_version
  FROM intermediate.int_compliance_policy_versions
), given AS (
  /* inner: who has no active account is not in the coverage */
  SELECT
    consents.purpose,
    active_users.school_key,
    COUNT(*) FILTER(WHERE
      NOT consents.is_withdrawn) AS users_consented,
    COUNT(*) FILTER(WHERE
      consents.is_withdrawn) AS users_withdrawn,
    COUNT(*) FILTER(WHERE
      NOT consents.is_withdrawn
      AND consents.policy_version = newest_versions.newest_policy_version) AS users_on_newest_version,
    COUNT(DISTINCT consents.policy_version) FILTER(WHERE
      NOT consents.is_withdrawn) AS version_count
  FROM consents
  INNER JOIN active_users
    ON active_users.user_key = consents.user_key
  LEFT JOIN newest_versions
    ON newest_versions.purpose = consents.purpose
  GROUP BY
    consents.purpose,
    active_users.school_key
)
SELECT
  newest_versions.purpose::TEXT AS purpose,
  school_sizes.school_key::INT AS school_key,
  school_sizes.users_total::INT AS users_total,
  COALESCE(given.users_consented, 0)::INT AS users_consented,
  COALESCE(given.users_withdrawn, 0)::INT AS users_withdrawn,
  COALESCE(given.users_on_newest_version, 0)::INT AS users_on_newest_version,
  COALESCE(given.version_count, 0)::INT AS version_count,
  COALESCE(given.users_consented, 0)::DOUBLE / NULLIF(school_sizes.users_total, 0) AS coverage
FROM newest_versions
CROSS JOIN school_sizes
LEFT JOIN given
  ON given.purpose = newest_versions.purpose
  AND given.school_key = school_sizes.school_key
