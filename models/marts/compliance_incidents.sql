MODEL (
  name marts.compliance_incidents,
  kind FULL,
  depends_on (
    marts.dim_school
  ),
  description 'One row per security incident: the 72 hours for telling the authority (GDPR Art. 33), and whether they were kept.',
  grain incident_key,
  audits (
    references_dim_school,
    UNIQUE_VALUES(columns := (
      incident_key
    )),
    NOT_NULL(
      columns := (
        incident_key,
        incident_id,
        school_key,
        aware_at,
        due_at,
        is_open,
        is_notified_late
      )
    )
  ),
  column_descriptions (
    incident_key = 'Key of the incident',
    incident_id = 'Id of the incident at the source',
    school_key = 'School of the incident, else unassigned (0)',
    aware_at = 'When the controller became aware, UTC',
    due_at = '72 hours after that, UTC',
    notified_at = 'When the authority was told, UTC; null when it was not',
    closed_at = 'When the incident was closed, UTC; null while open',
    subjects_affected = 'Number of people affected, as stated at the source',
    hours_to_notice = 'Hours from awareness to the notice, or to as_of without one',
    is_open = 'Not closed',
    is_notified_late = 'The notice, or as_of without one, is more than 72 hours after awareness'
  )
);

WITH incidents AS (
  SELECT
    incident_key,
    incident_id,
    school_key,
    aware_at,
    notified_at,
    closed_at,
    subjects_affected
  FROM staging.stg_security_incidents
), batch AS (
  SELECT
    as_of
  FROM staging.stg_batch
), schools AS (
  SELECT
    school_key
  FROM marts.dim_school
), clocks AS (
  SELECT
    incidents.incident_key,
    incidents.aware_at + INTERVAL '72' HOUR AS due_at,
    COALESCE(incidents.notified_at, batch.as_of) AS stopped_at
  FROM incidents
  CROSS JOIN batch
)
SELECT
  incidents.incident_key::INT AS incident_key,
  incidents.incident_id::TEXT AS incident_id,
  COALESCE(schools.school_key, 0)::INT AS school_key,
  incidents.aware_at::TIMESTAMP AS aware_at,
  clocks.due_at::TIMESTAMP AS due_at,
  incidents.notified_at::TIMESTAMP AS notified_at,
  incidents.closed_at::TIMESTAMP AS closed_at,
  incidents.subjects_affected::INT AS subjects_affected,
  DATE_DIFF(
    'SECOND',
    DATE_TRUNC('SECOND', incidents.aware_at),
    DATE_TRUNC('SECOND', clocks.stopped_at)
  )::DOUBLE / 3600 AS hours_to_notice,
  CAST(incidents.closed_at IS NULL AS BOOLEAN) AS is_open,
  CAST(clocks.stopped_at > clocks.due_at AS BOOLEAN) AS is_notified_late
FROM incidents
LEFT JOIN clocks
  ON clocks.incident_key = incidents.incident_key
LEFT JOIN schools
  ON schools.school_key = incidents.school_key
