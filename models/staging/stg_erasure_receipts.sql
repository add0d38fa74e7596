MODEL (
  name staging.stg_erasure_receipts,
  kind VIEW,
  description 'One row per erasure request that was carried out or checked.',
  grain request_id
);

SELECT
  request_id,
  is_verified
FROM raw.erasure_receipts
