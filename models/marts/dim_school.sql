MODEL (
  name marts.dim_school,
  kind FULL,
  description 'One row per school, and one (key 0) for people and classes without a school.',
  grain school_key,
  audits (
    unique_values(columns := (
      school_key
    )),
    not_null(columns := (school_key, code, name, zone, is_active, today_date))
  ),
  column_descriptions (
    school_key = 'Key of the school; 0 is the implicit school of everybody without one',
    school_id = 'Id of the school at the source; NULL for the implicit one',
    code = 'Short stable name',
    name = 'Full name',
    country = 'ISO 3166-1 alpha-2 code of the country, NULL when unknown',
    timezone = 'Time zone as the source has it',
    zone = 'Time zone that local dates follow: timezone if it is a known IANA name, else UTC',
    is_active = 'Whether the school is in use',
    created_at = 'When the school was registered (UTC); NULL for the implicit one',
    today_date = 'Local date of as_of at the school: the last date of its windows'
  )
);

SELECT
  int_schools.school_key::INT AS school_key,
  int_schools.school_id::TEXT AS school_id,
  int_schools.code::TEXT AS code,
  int_schools.name::TEXT AS name,
  int_schools.country::TEXT AS country,
  int_schools.timezone::TEXT AS timezone,
  int_schools.zone::TEXT AS zone,
  int_schools.is_active::BOOLEAN AS is_active,
  int_schools.created_at::TIMESTAMP AS created_at,
  int_schools.today_date::DATE AS today_date
FROM intermediate.int_schools
