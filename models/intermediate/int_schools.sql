MODEL (
  name intermediate.int_schools,
  kind FULL,
  description 'One row per school, with the implicit school 0 (unassigned) of people and classes without one, and its today.',
  grain school_key
);

WITH batch AS (
  SELECT
    stg_batch.as_of,
    stg_batch.as_of_date
  FROM staging.stg_batch
), schools AS (
  SELECT
    stg_schools.school_key,
    stg_schools.school_id,
    stg_schools.code,
    stg_schools.name,
    stg_schools.country,
    stg_schools.timezone,
    stg_schools.zone,
    stg_schools.is_active,
    stg_schools.created_at
  FROM staging.stg_schools
  UNION ALL
  SELECT
    0,
    NULL,
    'unassigned',
    'Unassigned',
    NULL,
    'UTC',
    'UTC',
    TRUE,
    NULL
)
SELECT
  schools.school_key::INT AS school_key,
  schools.school_id::TEXT AS school_id,
  schools.code::TEXT AS code,
  schools.name::TEXT AS name,
  schools.country::TEXT AS country,
  schools.timezone::TEXT AS timezone,
  schools.zone::TEXT AS zone,
  schools.is_active::BOOLEAN AS is_active,
  schools.created_at::TIMESTAMP AS created_at,
  batch.as_of_date::DATE AS as_of_date,
  @local_date(batch.as_of, zone_day) AS today_date
FROM schools
CROSS JOIN batch
LEFT JOIN staging.stg_zone_days AS zone_day
  ON zone_day.zone = schools.zone AND zone_day.utc_date = batch.as_of_date
