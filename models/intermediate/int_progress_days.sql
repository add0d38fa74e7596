MODEL (
  name intermediate.int_progress_days,
  kind FULL,
  description 'One row per school, course (NULL for lessons without one) and local date on which progress rows were last updated or lessons completed.',
  grain (school_key, course_key, activity_date)
);

WITH counts AS (
  SELECT
    fct_lesson_progress.school_key,
    fct_lesson_progress.course_key,
    fct_lesson_progress.updated_date AS activity_date,
    COUNT(*) AS progress_rows,
    SUM(fct_lesson_progress.progress_percentage) AS progress_sum,
    0 AS completions
  FROM marts.fct_lesson_progress
  GROUP BY
    fct_lesson_progress.school_key,
    fct_lesson_progress.course_key,
    fct_lesson_progress.updated_date
  UNION ALL
  SELECT
    fct_lesson_progress.school_key,
    fct_lesson_progress.course_key,
    fct_lesson_progress.completed_date,
    0,
    0,
    COUNT(*)
  FROM marts.fct_lesson_progress
  WHERE
    fct_lesson_progress.is_completed
    AND NOT fct_lesson_progress.completed_date IS NULL
  GROUP BY
    fct_lesson_progress.school_key,
    fct_lesson_progress.course_key,
    fct_lesson_progress.completed_date
)
SELECT
  counts.school_key::INT AS school_key,
  counts.course_key::INT AS course_key,
  counts.activity_date::DATE AS activity_date,
  SUM(counts.progress_rows)::INT AS progress_rows,
  SUM(counts.progress_sum)::DECIMAL(18, 2) AS progress_sum,
  SUM(counts.completions)::INT AS completions
FROM counts
GROUP BY
  counts.school_key,
  counts.course_key,
  counts.activity_date
