MODEL (
  name staging.stg_data_subject_requests,
  kind VIEW,
  description 'Requests of data subjects received up to as_of; what happens after as_of has not happened yet.'
);

SELECT
  data_subject_requests.request_key::INT AS request_key,
  data_subject_requests.id::TEXT AS request_id,
  data_subject_requests.user_key::INT AS user_key,
  data_subject_requests.school_key::INT AS school_key,
  data_subject_requests.kind::TEXT AS kind,
  CASE
    WHEN data_subject_requests.completed_at > (
      SELECT
        current_batch.as_of
      FROM raw.current_batch
    )
    THEN 'in_progress'
    ELSE data_subject_requests.status
  END::TEXT AS status,
  data_subject_requests.received_at::TIMESTAMP AS received_at,
  data_subject_requests.extension_months::INT AS extension_months,
  CASE
    WHEN data_subject_requests.extension_notified_at <= (
      SELECT
        current_batch.as_of
      FROM raw.current_batch
    )
    THEN data_subject_requests.extension_notified_at
  END::TIMESTAMP AS extension_notified_at,
  CASE
    WHEN data_subject_requests.completed_at <= (
      SELECT
        current_batch.as_of
      FROM raw.current_batch
    )
    THEN data_subject_requests.completed_at
  END::TIMESTAMP AS completed_at
FROM raw.data_subject_requests
WHERE
  @until_as_of(data_subject_requests.received_at)
