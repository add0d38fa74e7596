MODEL (
  name staging.stg_schools,
  kind VIEW,
  description 'Schools as the source has them.'
);

SELECT
  schools.school_key::INT AS school_key,
  schools.id::TEXT AS school_id,
  schools.code::TEXT AS code,
  schools.name::TEXT AS name,
  schools.country::TEXT AS country,
  schools.timezone::TEXT AS timezone,
  schools.zone::TEXT AS zone,
  schools.is_active::BOOLEAN AS is_active,
  schools.created_at::TIMESTAMP AS created_at
FROM raw.schools
