MODEL (
  name marts.content_daily,
  kind FULL,
  depends_on (
    marts.dim_school
  ),
  description 'One row per school and local date with a view, a progress row, a completed lesson or a completed attempt.',
  grain (school_key, activity_date),
  audits (
    unique_combination_of_columns(columns := (school_key, activity_date)),
    not_null(
      columns := (
        school_key,
        activity_date,
        views,
        progress_rows,
        progress_sum,
        completions,
        attempts_completed,
        score_sum
      )
    ),
    references_dim_school,
    forall(
      criteria := (
        views >= 0,
        progress_sum <= 100 * progress_rows,
        views + progress_rows + completions + attempts_completed > 0
      )
    )
  ),
  column_descriptions (
    school_key = 'School of the person',
    activity_date = 'Local date of the event, of the update, or of the completion',
    views = 'Events with a lesson',
    progress_rows = 'Progress rows last updated on the date',
    progress_sum = 'Sum of their progress percentages',
    completions = 'Completed lessons with completed_at on the date',
    attempts_completed = 'Attempts completed on the date',
    score_sum = 'Sum of their scores'
  )
);

WITH days AS (
  SELECT
    fct_user_day.school_key,
    fct_user_day.activity_date,
    SUM(fct_user_day.view_count) AS views,
    0 AS progress_rows,
    0 AS progress_sum,
    0 AS completions,
    0 AS attempts_completed,
    0 AS score_sum
  FROM marts.fct_user_day
  WHERE
    fct_user_day.view_count > 0
  GROUP BY
    fct_user_day.school_key,
    fct_user_day.activity_date
  UNION ALL
  SELECT
    int_progress_days.school_key,
    int_progress_days.activity_date,
    0,
    int_progress_days.progress_rows,
    int_progress_days.progress_sum,
    int_progress_days.completions,
    0,
    0
  FROM intermediate.int_progress_days
  UNION ALL
  SELECT
    fct_quiz_attempt.school_key,
    fct_quiz_attempt.completed_date,
    0,
    0,
    0,
    0,
    COUNT(*),
    SUM(fct_quiz_attempt.score)
  FROM marts.fct_quiz_attempt
  WHERE
    fct_quiz_attempt.is_completed
  GROUP BY
    fct_quiz_attempt.school_key,
    fct_quiz_attempt.completed_date
)
SELECT
  days.school_key::INT AS school_key,
  days.activity_date::DATE AS activity_date,
  SUM(days.views)::BIGINT AS views,
  SUM(days.progress_rows)::INT AS progress_rows,
  SUM(days.progress_sum)::DECIMAL(18, 2) AS progress_sum,
  SUM(days.completions)::BIGINT AS completions,
  SUM(days.attempts_completed)::INT AS attempts_completed,
  SUM(days.score_sum)::DECIMAL(18, 2) AS score_sum
FROM days
GROUP BY
  days.school_key,
  days.activity_date
