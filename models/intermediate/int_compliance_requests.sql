MODEL (
  name intermediate.int_compliance_requests,
  kind VIEW,
  description 'One row per request of a data subject: who asked, if the person is known, the school, and the moments as its local dates.',
  grain request_key
);

WITH requests AS (
  SELECT
    request_key,
    request_id,
    user_key,
    kind,
    status,
    extension_months,
    status IN ('completed', 'refused') AS is_closed
  FROM staging.stg_data_subject_requests
), people AS (
  SELECT
    user_key
  FROM intermediate.int_users
), places AS (
  SELECT
    request_key,
    school_key,
    country,
    today_date
  FROM intermediate.int_compliance_request_schools
), moments AS (
  SELECT
    request_key,
    received_date,
    notified_date,
    completed_date
  FROM intermediate.int_compliance_request_dates
)
SELECT
  requests.request_key,
  requests.request_id,
  people.user_key,
  places.school_key,
  places.country,
  places.today_date,
  requests.kind AS request_kind,
  requests.status AS request_status,
  requests.extension_months,
  moments.received_date,
  moments.notified_date,
  CASE WHEN requests.is_closed THEN moments.completed_date END AS closed_date,
  NOT requests.is_closed AS is_open
FROM requests
LEFT JOIN people
  ON people.user_key = requests.user_key
LEFT JOIN places
  ON places.request_key = requests.request_key
LEFT JOIN moments
  ON moments.request_key = requests.request_key
