MODEL (
  name intermediate.int_lesson_day,
  kind INCREMENTAL_UNMANAGED,
  table_format iceberg,
  description 'One row per local date, user and lesson with at least one event of that user on that lesson.',
  grain (activity_date, user_key, lesson_key)
);

@IF(
  @runtime_stage = 'evaluating',
  DELETE FROM @this_model AS day
  WHERE
    EXISTS(
      SELECT
        1
      FROM staging.stg_build_days AS build_day
      WHERE
        build_day.user_key = day.user_key AND build_day.activity_date = day.activity_date
    )
);

SELECT
  int_events.activity_date::DATE AS activity_date,
  int_events.user_key::INT AS user_key,
  int_events.lesson_key::INT AS lesson_key,
  COUNT(*)::INT AS view_count
FROM intermediate.int_events
INNER JOIN staging.stg_build_days /* the days to build, each once */
  ON stg_build_days.user_key = int_events.user_key
  AND stg_build_days.activity_date = int_events.activity_date
WHERE
  NOT int_events.lesson_key IS NULL
GROUP BY
  int_events.activity_date,
  int_events.user_key,
  int_events.lesson_key
