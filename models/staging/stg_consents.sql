MODEL (
  name staging.stg_consents,
  kind VIEW,
  description 'Consents given up to as_of; a withdrawal after as_of is not yet one.'
);

SELECT
  consents.id::UUID AS consent_id,
  consents.user_key::INT AS user_key,
  consents.purpose::TEXT AS purpose,
  consents.policy_version::TEXT AS policy_version,
  consents.given_by::TEXT AS given_by,
  consents.given_at::TIMESTAMP AS given_at,
  CASE
    WHEN consents.withdrawn_at <= (
      SELECT
        current_batch.as_of
      FROM raw.current_batch
    )
    THEN consents.withdrawn_at
  END::TIMESTAMP AS withdrawn_at
FROM raw.consents
WHERE
  @until_as_of(consents.given_at)
