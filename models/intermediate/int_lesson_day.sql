MODEL (
  name intermediate.int_lesson_day,
  kind INCREMENTAL_UNMANAGED,
  table_format iceberg,
  depends_on (
    staging.stg_build_days
  ),
  description 'One row per local date, user and lesson with at least one event of that user on that lesson, and when the user next came back to it.',
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

WITH days AS (
  SELECT
    int_build_events.activity_date,
    int_build_events.user_key,
    int_build_events.lesson_key,
    COUNT(*) AS view_count
  FROM intermediate.int_build_events
  WHERE
    NOT int_build_events.lesson_key IS NULL
  GROUP BY
    int_build_events.activity_date,
    int_build_events.user_key,
    int_build_events.lesson_key
)
SELECT
  days.activity_date::DATE AS activity_date,
  days.user_key::INT AS user_key,
  days.lesson_key::INT AS lesson_key,
  days.view_count::INT AS view_count,
  LEAD(days.activity_date) OVER (PARTITION BY days.user_key, days.lesson_key ORDER BY days.activity_date)::DATE AS next_view_date
FROM days
ORDER BY
  activity_date;

@IF(
  @runtime_stage = 'evaluating',
  MERGE INTO @this_model AS day
  USING (
    SELECT
      views.activity_date,
      views.user_key,
      views.lesson_key,
      views.view_count,
      views.found_date,
      CASE WHEN versions.is_old THEN views.activity_date END AS old_date
    FROM (
      SELECT
        lesson_day.activity_date,
        lesson_day.user_key,
        lesson_day.lesson_key,
        lesson_day.view_count,
        lesson_day.next_view_date,
        LEAD(lesson_day.activity_date) OVER (
          PARTITION BY lesson_day.user_key, lesson_day.lesson_key
          ORDER BY lesson_day.activity_date
        ) AS found_date
      FROM @this_model AS lesson_day
      WHERE
        lesson_day.user_key IN (
          SELECT
            build_day.user_key
          FROM staging.stg_build_days AS build_day
        )
    ) AS views
    CROSS JOIN (
      SELECT
        TRUE AS is_old
      UNION ALL
      SELECT
        FALSE
    ) AS versions
    WHERE
      views.found_date IS DISTINCT FROM views.next_view_date
  ) AS found
  ON found.user_key = day.user_key
  AND found.lesson_key = day.lesson_key
  AND found.old_date = day.activity_date
  WHEN MATCHED THEN DELETE
  WHEN NOT MATCHED THEN INSERT (activity_date, user_key, lesson_key, view_count, next_view_date) VALUES (
    found.activity_date,
    found.user_key,
    found.lesson_key,
    found.view_count,
    found.found_date
  ) /* The query knows the days to build only: a view on another day of these users can come next, or be the one before. Such rows are replaced, not updated: DuckDB writes a whole column anew for every value of it that changes. */
)
