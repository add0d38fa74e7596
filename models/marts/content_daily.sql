MODEL (
  name marts.content_daily,
  kind FULL,
  depends_on (
    marts.dim_school
  ),
  description 'One row per school and local date with a view or a completed lesson.',
  grain (school_key, activity_date),
  audits (
    unique_combination_of_columns(columns := (school_key, activity_date)),
    not_null(columns := (school_key, activity_date, views, completions)),
    references_dim_school,
    forall(criteria := (views >= 0, completions >= 0, views + completions > 0))
  ),
  column_descriptions (
    school_key = 'School of the person',
    activity_date = 'Local date of the event, or of the completion',
    views = 'Events with a lesson',
    completions = 'Completed lessons with completed_at on the date'
  )
);

WITH views AS (
  SELECT
    fct_user_day.school_key,
    fct_user_day.activity_date,
    SUM(fct_user_day.view_count) AS views
  FROM marts.fct_user_day
  GROUP BY
    fct_user_day.school_key,
    fct_user_day.activity_date
), completions AS (
  SELECT
    fct_lesson_progress.school_key,
    fct_lesson_progress.completed_date,
    COUNT(*) AS completions
  FROM marts.fct_lesson_progress
  WHERE
    fct_lesson_progress.is_completed
    AND NOT fct_lesson_progress.completed_date IS NULL
  GROUP BY
    fct_lesson_progress.school_key,
    fct_lesson_progress.completed_date
)
SELECT
  COALESCE(views.school_key, completions.school_key)::INT AS school_key,
  COALESCE(views.activity_date, completions.completed_date)::DATE AS activity_date,
  COALESCE(views.views, 0)::BIGINT AS views,
  COALESCE(completions.completions, 0)::BIGINT AS completions
FROM views
FULL OUTER JOIN completions
  ON completions.school_key = views.school_key
  AND completions.completed_date = views.activity_date
WHERE
  views.views > 0 OR completions.completions > 0
