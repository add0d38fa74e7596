MODEL (
  name intermediate.int_compliance_request_schools,
  kind VIEW,
  description 'One row per request of a data subject: the school it was made at, else that of the person, else unassigned.',
  grain request_key
);

WITH requests AS (
  SELECT
    request_key,
    user_key,
    school_key
  FROM staging.stg_data_subject_requests
), users AS (
  SELECT
    user_key,
    school_key
  FROM staging.stg_users
), schools AS (
  SELECT
    school_key,
    country,
    zone,
    today_date
  FROM intermediate.int_schools
), named AS (
  SELECT
    requests.request_key,
    COALESCE(requests.school_key, users.school_key) AS school_key
  FROM requests
  LEFT JOIN users
    ON users.user_key = requests.user_key
), known AS (
  SELECT
    named.request_key,
    COALESCE(schools.school_key, 0) AS school_key
  FROM named
  LEFT JOIN schools
    ON schools.school_key = named.school_key
)
SELECT
  known.request_key,
  known.school_key,
  schools.country,
  schools.zone,
  schools.today_date
FROM known
LEFT JOIN schools
  ON schools.school_key = known.school_key
