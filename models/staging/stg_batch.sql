MODEL (
  name staging.stg_batch,
  kind VIEW,
  description 'The batch that the models describe: as_of and its UTC date.'
);

SELECT
  current_batch.batch_id::BIGINT AS batch_id,
  current_batch.as_of::TIMESTAMP AS as_of,
  current_batch.as_of::DATE AS as_of_date
FROM raw.current_batch
