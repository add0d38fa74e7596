MODEL (
  name intermediate.int_lesson_day,
  kind INCREMENTAL_BY_PARTITION,
  partitioned_by activity_date,
  description 'One row per local date, user and lesson with at least one event of that user on that lesson.',
  grain (activity_date, user_key, lesson_key)
);

@IF(
  @runtime_stage = 'evaluating',
  DELETE FROM @this_model
  WHERE
    activity_date IN (
      SELECT
        stg_build_dates.activity_date
      FROM staging.stg_build_dates
      WHERE
        stg_build_dates.model_name = 'int_lesson_day'
    ) /* A date that lost its last event has no row to overwrite the old ones. */
);

SELECT
  int_events.activity_date::DATE AS activity_date,
  int_events.user_key::INT AS user_key,
  int_events.lesson_key::INT AS lesson_key,
  COUNT(*)::INT AS view_count
FROM intermediate.int_events
WHERE
  NOT int_events.lesson_key IS NULL
  AND int_events.activity_date IN (
    SELECT
      stg_build_dates.activity_date
    FROM staging.stg_build_dates
    WHERE
      stg_build_dates.model_name = 'int_lesson_day'
  )
GROUP BY
  int_events.activity_date,
  int_events.user_key,
  int_events.lesson_key
