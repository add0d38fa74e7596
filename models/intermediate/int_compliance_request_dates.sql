MODEL (
  name intermediate.int_compliance_request_dates,
  kind VIEW,
  description 'One row per request of a data subject: local dates of receipt, of the notice of an extension and of completion.',
  grain request_key
);

WITH requests AS (
  SELECT
    request_key,
    received_at,
    extension_notified_at,
    completed_at
  FROM staging.stg_data_subject_requests
), zones AS (
  SELECT
    request_key,
    zone
  FROM intermediate.int_compliance_request_schools
), zone_days AS (
  SELECT
    zone,
    utc_date,
    offset_seconds,
    changes_at,
    offset_after_seconds
  FROM staging.stg_zone_days
), moments AS (
  SELECT
    request_key,
    'received' AS moment,
    received_at AS happened_at
  FROM requests
  UNION ALL
  SELECT
    request_key,
    'notified' AS moment,
    extension_notified_at AS happened_at
  FROM requests
  UNION ALL
  SELECT
    request_key,
    'completed' AS moment,
    completed_at AS happened_at
  FROM requests
), local_dates AS (
  SELECT
    moments.request_key,
    moments.moment,
    CAST(moments.happened_at + (
      CASE
        WHEN moments.happened_at >= zone_days.changes_at
        THEN zone_days.offset_after_seconds
        ELSE zone_days.offset_seconds
      END
    ) * INTERVAL '1' SECOND AS DATE) AS local_date
  FROM moments
  LEFT JOIN zones
    ON zones.request_key = moments.request_key
  LEFT JOIN zone_days
    ON zone_days.zone = zones.zone AND zone_days.utc_date = moments.happened_at::DATE
)
SELECT
  request_key,
  MAX(local_date) FILTER(WHERE
    moment = 'received') AS received_date,
  MAX(local_date) FILTER(WHERE
    moment = 'notified') AS notified_date,
  MAX(local_date) FILTER(WHERE
    moment = 'completed') AS completed_date
FROM local_dates
GROUP BY
  request_key
