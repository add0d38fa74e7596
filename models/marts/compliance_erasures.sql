MODEL (
  name marts.compliance_erasures,
  kind FULL,
  depends_on (
    marts.dim_school
  ),
  description 'One row per completed erasure request: whether the erasure from this warehouse is verified (GDPR Art. 17).',
  grain request_key,
  audits (
    references_dim_school,
    UNIQUE_VALUES(columns := (
      request_key
    )),
    NOT_NULL(columns := (request_key, request_id, school_key, is_verified))
  ),
  column_descriptions (
    request_key = 'Key of the request',
    request_id = 'Id of the request at the source; names no person',
    school_key = 'School of the request',
    completed_date = 'Local date on which the request was completed at the source',
    is_verified = 'No row of the person is left in raw, in any model table and in any published snapshot'
  )
);

WITH requests AS (
  SELECT
    request_key,
    request_id,
    school_key,
    closed_date
  FROM marts.compliance_requests
  WHERE
    request_kind = 'erasure' AND request_status = 'completed'
), receipts AS (
  SELECT
    request_id::TEXT AS request_id,
    is_verified
  FROM staging.stg_erasure_receipts
)
SELECT
  requests.request_key::INT AS request_key,
  requests.request_id::TEXT AS request_id,
  requests.school_key::INT AS school_key,
  requests.closed_date::DATE AS completed_date,
  COALESCE(receipts.is_verified, FALSE)::BOOLEAN AS is_verified
FROM requests
LEFT JOIN receipts
  ON receipts.request_id = requests.request_id
