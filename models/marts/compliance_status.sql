MODEL (
  name marts.compliance_status,
  kind FULL,
  depends_on (
    marts.dim_school
  ),
  description 'One row per school: the counts that say whether it is within the law today, and the verdict. Sums over schools are those of the platform.',
  grain school_key,
  audits (
    references_dim_school,
    UNIQUE_VALUES(columns := (
      school_key
    )),
    NOT_NULL(columns := (school_key, overall)),
    ACCEPTED_VALUES("column" := overall, is_in := ('breach', 'attention', 'ok')),
    FORALL(
      criteria := (
        erasures_verified + erasures_unproven = erasures_completed,
        minors_without_parental_consent <= minors_total
      )
    )
  ),
  column_descriptions (
    school_key = 'School; 0 is the unassigned one',
    requests_total = 'Requests of data subjects',
    requests_open = 'Neither completed nor refused',
    requests_overdue = 'Open after their deadline, or closed after it',
    requests_due_within_7_days = 'Open, with a deadline today or in the next 7 days',
    requests_closed = 'Completed or refused',
    requests_closed_in_time = 'Those not known to be closed after their deadline',
    minors_total = 'Learners with an active account below the age of digital consent',
    minors_without_parental_consent = 'Those without consent of a parent to analytics',
    retention_rows_overdue = 'Rows kept longer than their limit',
    incidents_open = 'Incidents not closed',
    incidents_notified_late = 'Incidents whose notice was or is late',
    erasures_completed = 'Completed erasure requests',
    erasures_verified = 'Those proven in this warehouse',
    erasures_unproven = 'Those not proven',
    overall = 'breach if anything is overdue, late or unproven; attention if something is due, a minor lacks consent or a limit is exceeded; else ok'
  )
);

WITH schools AS (
  SELECT
    school_key
  FROM marts.dim_school
), requests AS (
  SELECT
    school_key,
    COUNT(*) AS requests_total,
    COUNT(*) FILTER(WHERE
      is_open) AS requests_open,
    COUNT(*) FILTER(WHERE
      is_overdue) AS requests_overdue,
    COUNT(*) FILTER(WHERE
      is_due_within_7_days) AS requests_due,
    COUNT(is_closed_in_time) AS requests_closed,
    COUNT(*) FILTER(WHERE
      is_closed_in_time) AS requests_closed_in_time
  FROM marts.compliance_requests
  GROUP BY
    school_key
), minors AS (
  SELECT
    school_key,
    SUM(learners_total) AS minors_total,
    SUM(without_parental_consent) AS minors_without_parental_consent
  FROM marts.compliance_minors
  GROUP BY
    school_key
), retention AS (
  SELECT
    school_key,
    SUM(rows_overdue) AS rows_overdue
  FROM marts.compliance_retention
  GROUP BY
    school_key
), incidents AS (
  SELECT
    school_key,
    COUNT(*) FILTER(WHERE
      is_open) AS incidents_open,
    COUNT(*) FILTER(WHERE
      is_notified_late) AS incidents_notified_late
  FROM marts.compliance_incidents
  GROUP BY
    school_key
), erasures AS (
  SELECT
    school_key,
    COUNT(*) AS erasures_completed,
    COUNT(*) FILTER(WHERE
      is_verified) AS erasures_verified
  FROM marts.compliance_erasures
  GROUP BY
    school_key
)
SELECT
  schools.school_key::INT AS school_key,
  COALESCE(requests.requests_total, 0)::INT AS requests_total,
  COALESCE(requests.requests_open, 0)::INT AS requests_open,
  COALESCE(requests.requests_overdue, 0)::INT AS requests_overdue,
  COALESCE(requests.requests_due, 0)::INT AS requests_due_within_7_days,
  COALESCE(requests.requests_closed, 0)::INT AS requests_closed,
  COALESCE(requests.requests_closed_in_time, 0)::INT AS requests_closed_in_time,
  COALESCE(minors.minors_total, 0)::INT AS minors_total,
  COALESCE(minors.minors_without_parental_consent, 0)::INT AS minors_without_parental_consent,
  COALESCE(retention.rows_overdue, 0)::BIGINT AS retention_rows_overdue,
  COALESCE(incidents.incidents_open, 0)::INT AS incidents_open,
  COALESCE(incidents.incidents_notified_late, 0)::INT AS incidents_notified_late,
  COALESCE(erasures.erasures_completed, 0)::INT AS erasures_completed,
  COALESCE(erasures.erasures_verified, 0)::INT AS erasures_verified,
  CAST(COALESCE(erasures.erasures_completed, 0) - COALESCE(erasures.erasures_verified, 0) AS INT) AS erasures_unproven,
  CASE
    WHEN COALESCE(requests.requests_overdue, 0) > 0
    OR COALESCE(incidents.incidents_notified_late, 0) > 0
    OR COALESCE(erasures.erasures_completed, 0) > COALESCE(erasures.erasures_verified, 0)
    THEN 'breach'
    WHEN COALESCE(requests.requests_due, 0) > 0
    OR COALESCE(minors.minors_without_parental_consent, 0) > 0
    OR COALESCE(retention.rows_overdue, 0) > 0
    THEN 'attention'
    ELSE 'ok'
  END::TEXT AS overall
FROM schools
LEFT JOIN requests
  ON requests.school_key = schools.school_key
LEFT JOIN minors
  ON minors.school_key = schools.school_key
LEFT JOIN retention
  ON retention.school_key = schools.school_key
LEFT JOIN incidents
  ON incidents.school_key = schools.school_key
LEFT JOIN erasures
  ON erasures.school_key = schools.school_key
