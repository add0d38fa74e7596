MODEL (
  name marts.compliance_requests,
  kind FULL,
  depends_on (marts.dim_school, marts.dim_user),
  description 'One row per request of a data subject: its deadline under GDPR Art. 12(3), whether an extension holds, and whether it was or is answered in time.',
  grain request_key,
  audits (
    references_dim_school,
    references_dim_user,
    UNIQUE_VALUES(columns := (
      request_key
    )),
    NOT_NULL(
      columns := (
        request_key,
        request_id,
        school_key,
        received_date,
        due_date,
        is_open,
        is_overdue
      )
    )
  ),
  column_descriptions (
    request_key = 'Key of the request',
    request_id = 'Id of the request at the source; names no person',
    user_key = 'Key of the person who asked; null after an erasure',
    school_key = 'School the request was made at, else the school of the person, else unassigned (0)',
    request_kind = 'access, rectification, erasure, restriction, portability or objection',
    request_status = 'State at the source',
    received_date = 'Local date of receipt',
    first_due_date = 'Last day for an answer without an extension',
    extension_months = 'Months of extension that were claimed',
    is_extension_valid = 'The person was told of the extension not after the first deadline',
    due_date = 'Last day for an answer: the extended one when the extension is valid',
    regime = 'Legal regime of the country besides the GDPR, else gdpr',
    ferpa_due_date = 'Last day under FERPA (45 days); null where it does not apply. Not part of the figures',
    closed_date = 'Local date on which the request was completed or refused; null while open',
    days_left = 'Days from today to the due date, negative after it; null when closed',
    is_open = 'Neither completed nor refused',
    is_overdue = 'Open after the due date, or closed after it',
    is_due_within_7_days = 'Open, and the due date is today or one of the next 7 days',
    is_closed_in_time = 'Closed, and not known to be closed after the due date; null while open'
  )
);

WITH requests AS (
  SELECT
    request_key,
    request_id,
    user_key,
    school_key,
    country,
    today_date,
    request_kind,
    request_status,
    received_date,
    extension_months,
    notified_date,
    closed_date,
    is_open
  FROM intermediate.int_compliance_requests
), deadlines AS (
  SELECT
    request_key,
    first_due_date,
    extended_due_date
  FROM intermediate.int_compliance_deadlines
), second_regimes AS (
  SELECT
    country,
    regime,
    response_days
  FROM seeds.response_deadlines
  WHERE
    regime = 'ferpa'
), extensions AS (
  SELECT
    requests.request_key,
    requests.extension_months > 0
    AND COALESCE(requests.notified_date <= deadlines.first_due_date, FALSE) AS is_extension_valid
  FROM requests
  LEFT JOIN deadlines
    ON deadlines.request_key = requests.request_key
), dated AS (
  SELECT
    requests.request_key,
    deadlines.first_due_date,
    extensions.is_extension_valid,
    CASE
      WHEN extensions.is_extension_valid
      THEN deadlines.extended_due_date
      ELSE deadlines.first_due_date
    END AS due_date,
    second_regimes.regime,
    requests.received_date + second_regimes.response_days AS ferpa_due_date
  FROM requests
  LEFT JOIN deadlines
    ON deadlines.request_key = requests.request_key
  LEFT JOIN extensions
    ON extensions.request_key = requests.request_key
  LEFT JOIN second_regimes
    ON second_regimes.country = requests.country
)
SELECT
  requests.request_key::INT AS request_key,
  requests.request_id::TEXT AS request_id,
  requests.user_key::INT AS user_key,
  requests.school_key::INT AS school_key,
  requests.request_kind::TEXT AS request_kind,
  requests.request_status::TEXT AS request_status,
  requests.received_date::DATE AS received_date,
  dated.first_due_date::DATE AS first_due_date,
  requests.extension_months::INT AS extension_months,
  dated.is_extension_valid::BOOLEAN AS is_extension_valid,
  dated.due_date::DATE AS due_date,
  COALESCE(dated.regime, 'gdpr')::TEXT AS regime,
  dated.ferpa_due_date::DATE AS ferpa_due_date,
  requests.closed_date::DATE AS closed_date,
  CASE
    WHEN requests.is_open
    THEN DATE_DIFF('DAY', requests.today_date, dated.due_date)
  END::INT AS days_left,
  requests.is_open::BOOLEAN AS is_open,
  COALESCE(
    CASE WHEN requests.is_open THEN requests.today_date ELSE requests.closed_date END > dated.due_date,
    FALSE
  )::BOOLEAN AS is_overdue,
  CAST(requests.is_open
  AND DATE_DIFF('DAY', requests.today_date, dated.due_date) BETWEEN 0 AND 7 AS BOOLEAN) AS is_due_within_7_days,
  CASE
    WHEN NOT requests.is_open
    THEN COALESCE(requests.closed_date <= dated.due_date, TRUE)
  END::BOOLEAN AS is_closed_in_time
FROM requests
LEFT JOIN dated
  ON dated.request_key = requests.request_key
