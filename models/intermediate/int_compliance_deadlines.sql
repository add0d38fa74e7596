MODEL (
  name intermediate.int_compliance_deadlines,
  kind VIEW,
  description 'One row per request of a data subject: the last day for an answer, without and with its extension.',
  grain request_key
);

WITH requests AS (
  SELECT
    request_key,
    country,
    received_date,
    extension_months
  FROM intermediate.int_compliance_requests
), gdpr AS (
  SELECT
    response_months
  FROM seeds.response_deadlines
  WHERE
    country = '*' AND regime = 'gdpr'
), holidays AS (
  SELECT
    country,
    holiday_date
  FROM seeds.public_holidays
), nominal AS (
  SELECT
    requests.request_key,
    requests.country,
    spans.is_extended,
    CAST(requests.received_date + (
      gdpr.response_months + CASE WHEN spans.is_extended THEN requests.extension_months ELSE 0 END
    ) * INTERVAL '1' MONTH AS DATE) AS nominal_date /* a month that lacks the day ends on its last one: 31 January becomes 28 or 29 February */
  FROM requests
  CROSS JOIN gdpr
  CROSS JOIN (VALUES
    (FALSE),
    (TRUE)) AS spans(is_extended)
), candidates AS (
  SELECT
    nominal.request_key,
    nominal.is_extended,
    nominal.country,
    CAST(nominal.nominal_date + later.days AS DATE) AS candidate_date
  FROM nominal
  CROSS JOIN (VALUES
    (0),
    (1),
    (2),
    (3),
    (4),
    (5),
    (6),
    (7),
    (8),
    (9),
    (10),
    (11),
    (12),
    (13)) AS later(days)
), working_days AS (
  SELECT
    candidates.request_key,
    candidates.is_extended,
    candidates.candidate_date
  FROM candidates
  LEFT JOIN holidays
    ON holidays.country = candidates.country
    AND holidays.holiday_date = candidates.candidate_date
  WHERE
    holidays.holiday_date IS NULL
    AND DATE_DIFF(
      'DAY',
      DATE_TRUNC('WEEK', candidates.candidate_date)::DATE,
      candidates.candidate_date
    ) < 5
)
SELECT
  request_key,
  MIN(candidate_date) FILTER(WHERE
    NOT is_extended)::DATE AS first_due_date,
  MIN(candidate_date) FILTER(WHERE
    is_extended)::DATE AS extended_due_date
FROM working_days
GROUP BY
  request_key
