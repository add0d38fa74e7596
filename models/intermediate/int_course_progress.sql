MODEL (
  name intermediate.int_course_progress,
  kind INCREMENTAL_UNMANAGED (
    forward_only FALSE
  ),
  table_format iceberg,
  depends_on (
    staging.stg_build_people
  ),
  description 'One row per user and course with a progress row. last_date and previous_date are the newest two local dates of an update: on the UTC date of as_of, no more than the newest lies ahead.',
  grain (user_key, course_key)
);

@IF(
  @runtime_stage = 'evaluating',
  DELETE FROM @this_model AS progress
  WHERE
    progress.user_key IN (
      SELECT
        build_person.user_key
      FROM staging.stg_build_people AS build_person
    )
);

WITH days AS (
  SELECT
    fct_lesson_progress.user_key,
    fct_lesson_progress.course_key,
    fct_lesson_progress.updated_date,
    COUNT(*) AS progress_rows,
    SUM(fct_lesson_progress.progress_percentage) AS progress_sum,
    COUNT(*) FILTER(WHERE
      fct_lesson_progress.is_completed) AS completed_count
  FROM marts.fct_lesson_progress
  INNER JOIN staging.stg_build_people /* the people to build, each once */
    ON stg_build_people.user_key = fct_lesson_progress.user_key
  WHERE
    NOT fct_lesson_progress.course_key IS NULL
  GROUP BY
    fct_lesson_progress.user_key,
    fct_lesson_progress.course_key,
    fct_lesson_progress.updated_date
), days_with_previous AS (
  SELECT
    days.user_key,
    days.course_key,
    days.updated_date,
    days.progress_rows,
    days.progress_sum,
    days.completed_count,
    LAG(days.updated_date) OVER (PARTITION BY days.user_key, days.course_key ORDER BY days.updated_date) AS previous_date
  FROM days
)
SELECT
  days_with_previous.user_key::INT AS user_key,
  days_with_previous.course_key::INT AS course_key,
  SUM(days_with_previous.progress_rows)::INT AS progress_rows,
  SUM(days_with_previous.progress_sum)::DECIMAL(18, 2) AS progress_sum,
  SUM(days_with_previous.completed_count)::INT AS completed_count,
  MAX(days_with_previous.updated_date)::DATE AS last_date,
  MAX(days_with_previous.previous_date)::DATE AS previous_date
FROM days_with_previous
GROUP BY
  days_with_previous.user_key,
  days_with_previous.course_key
