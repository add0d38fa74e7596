MODEL (
  name staging.stg_security_incidents,
  kind VIEW,
  description 'Security incidents known up to as_of; a notice after as_of has not been given yet.'
);

SELECT
  security_incidents.incident_key::INT AS incident_key,
  security_incidents.id::TEXT AS incident_id,
  security_incidents.school_key::INT AS school_key,
  security_incidents.aware_at::TIMESTAMP AS aware_at,
  CASE
    WHEN security_incidents.notified_at <= (
      SELECT
        current_batch.as_of
      FROM raw.current_batch
    )
    THEN security_incidents.notified_at
  END::TIMESTAMP AS notified_at,
  security_incidents.subjects_affected::INT AS subjects_affected,
  CASE
    WHEN security_incidents.closed_at <= (
      SELECT
        current_batch.as_of
      FROM raw.current_batch
    )
    THEN security_incidents.closed_at
  END::TIMESTAMP AS closed_at
FROM raw.security_incidents
WHERE
  @until_as_of(security_incidents.aware_at)
