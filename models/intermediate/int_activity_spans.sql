MODEL (
  name intermediate.int_activity_spans,
  kind INCREMENTAL_UNMANAGED,
  table_format iceberg,
  description 'One row per user and run of consecutive active local dates, with the end of the run before and the start of the next.',
  grain (user_key, start_date)
);

@IF(
  @runtime_stage = 'evaluating',
  DELETE FROM @this_model AS span
  WHERE
    span.user_key IN (
      SELECT
        build_day.user_key
      FROM staging.stg_build_days AS build_day
    )
);

WITH numbered_days AS (
  SELECT
    int_user_day.user_key,
    int_user_day.activity_date,
    int_user_day.activity_date - ROW_NUMBER() OVER (PARTITION BY int_user_day.user_key ORDER BY int_user_day.activity_date)::INT AS island
  FROM intermediate.int_user_day
  WHERE
    int_user_day.user_key IN (
      SELECT
        stg_build_days.user_key
      FROM staging.stg_build_days
    )
), spans AS (
  SELECT
    numbered_days.user_key,
    MIN(numbered_days.activity_date) AS start_date,
    MAX(numbered_days.activity_date) AS end_date
  FROM numbered_days
  GROUP BY
    numbered_days.user_key,
    numbered_days.island
)
SELECT
  spans.user_key::INT AS user_key,
  spans.start_date::DATE AS start_date,
  spans.end_date::DATE AS end_date,
  LAG(spans.end_date) OVER (PARTITION BY spans.user_key ORDER BY spans.start_date)::DATE AS previous_end_date,
  LEAD(spans.start_date) OVER (PARTITION BY spans.user_key ORDER BY spans.start_date)::DATE AS next_start_date
FROM spans
