MODEL (
  name marts.recent_completion,
  kind FULL,
  depends_on (marts.dim_school, marts.dim_user, marts.dim_lesson),
  description 'One row per completed lesson of a person among the newest ten of the school up to its today, or up to the UTC date of as_of.',
  grain (user_key, lesson_key),
  audits (
    unique_combination_of_columns(columns := (user_key, lesson_key)),
    not_null(columns := (school_key, user_key, lesson_key, completed_at, completed_date)),
    references_dim_school,
    references_dim_user,
    references_dim_lesson
  ),
  column_descriptions (
    school_key = 'School of the person',
    user_key = 'Key of the person, any role',
    lesson_key = 'Lesson',
    completed_at = 'When it was completed (UTC)',
    completed_date = 'Local date of completed_at'
  )
);

WITH completions AS (
  SELECT
    fct_lesson_progress.school_key,
    fct_lesson_progress.user_key,
    fct_lesson_progress.lesson_key,
    fct_lesson_progress.completed_at,
    fct_lesson_progress.completed_date,
    fct_lesson_progress.completed_date <= int_users.today_date AS is_until_today,
    fct_lesson_progress.completed_date <= int_users.as_of_date AS is_until_utc_date,
    int_users.tie_order
  FROM marts.fct_lesson_progress
  INNER JOIN intermediate.int_users /* every person is there */
    ON int_users.user_key = fct_lesson_progress.user_key
  WHERE
    fct_lesson_progress.is_completed
    AND fct_lesson_progress.completed_date <= GREATEST(int_users.today_date, int_users.as_of_date)
), days AS (
  SELECT
    int_progress_days.school_key,
    int_progress_days.activity_date AS completed_date,
    int_progress_days.activity_date <= int_schools.today_date AS is_until_today,
    int_progress_days.activity_date <= int_schools.as_of_date AS is_until_utc_date,
    SUM(int_progress_days.completions) AS completions
  FROM intermediate.int_progress_days
  INNER JOIN intermediate.int_schools /* every school is there */
    ON int_schools.school_key = int_progress_days.school_key
  WHERE
    int_progress_days.completions > 0
    AND int_progress_days.activity_date <= GREATEST(int_schools.today_date, int_schools.as_of_date)
  GROUP BY
    int_progress_days.school_key,
    int_progress_days.activity_date,
    int_schools.today_date,
    int_schools.as_of_date
), counted_days AS (
  SELECT
    days.school_key,
    days.completed_date,
    SUM(days.completions) OVER (
      PARTITION BY days.school_key, days.is_until_today, days.is_until_utc_date
      ORDER BY days.completed_date DESC
    ) - days.completions AS newer_completions
  FROM days
), first_dates AS (
  /* nothing older is among the newest: a handful of rows to sort instead of all */
  SELECT
    counted_days.school_key,
    MIN(counted_days.completed_date) AS first_date
  FROM counted_days
  WHERE
    counted_days.newer_completions < @recent_completion_count
  GROUP BY
    counted_days.school_key
), numbered_completions AS (
  SELECT
    completions.school_key,
    completions.user_key,
    completions.lesson_key,
    completions.completed_at,
    completions.completed_date,
    ROW_NUMBER() OVER (
      PARTITION BY completions.school_key, completions.is_until_today
      ORDER BY completions.completed_at DESC, completions.tie_order, completions.lesson_key
    ) AS place,
    ROW_NUMBER() OVER (
      PARTITION BY completions.school_key, completions.is_until_utc_date
      ORDER BY completions.completed_at DESC, completions.tie_order, completions.lesson_key
    ) AS place_by_utc_date,
    completions.is_until_today,
    completions.is_until_utc_date
  FROM completions
  INNER JOIN first_dates /* drops what is too old */
    ON first_dates.school_key = completions.school_key
    AND first_dates.first_date <= completions.completed_date
)
SELECT
  numbered_completions.school_key::INT AS school_key,
  numbered_completions.user_key::INT AS user_key,
  numbered_completions.lesson_key::INT AS lesson_key,
  numbered_completions.completed_at::TIMESTAMP AS completed_at,
  numbered_completions.completed_date::DATE AS completed_date
FROM numbered_completions
WHERE
  (
    numbered_completions.is_until_today
    AND numbered_completions.place <= @recent_completion_count
  )
  OR (
    numbered_completions.is_until_utc_date
    AND numbered_completions.place_by_utc_date <= @recent_completion_count
  )
