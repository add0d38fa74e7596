MODEL (
  name marts.course_completion,
  kind FULL,
  depends_on (marts.dim_school, marts.dim_course),
  description 'One row per school, course and local date on which progress rows were last updated or lessons completed.',
  grain (school_key, course_key, activity_date),
  audits (
    unique_combination_of_columns(columns := (school_key, course_key, activity_date)),
    not_null(
      columns := (
        school_key,
        course_key,
        activity_date,
        progress_rows,
        progress_sum,
        learners_last_updated,
        learners_last_updated_utc,
        completions
      )
    ),
    references_dim_school,
    references_dim_course,
    forall(
      criteria := (
        progress_sum <= 100 * progress_rows,
        learners_last_updated <= progress_rows,
        learners_last_updated_utc <= progress_rows
      )
    )
  ),
  column_descriptions (
    school_key = 'School of the people',
    course_key = 'Course of the lessons',
    activity_date = 'Local date of updated_at of the progress rows, and of completed_at of the completions',
    progress_rows = 'Progress rows last updated on the date',
    progress_sum = 'Sum of their progress percentages',
    learners_last_updated = 'Learners whose newest update in the course is on this date: their sum over the last N dates is the number of distinct learners in these',
    learners_last_updated_utc = 'The same for windows that end on the UTC date of as_of: newest update not after that date',
    completions = 'Completed lessons with completed_at on the date'
  )
);

WITH progress AS (
  SELECT
    fct_lesson_progress.user_key,
    fct_lesson_progress.school_key,
    fct_lesson_progress.course_key,
    fct_lesson_progress.updated_date,
    COUNT(*) AS progress_rows,
    SUM(fct_lesson_progress.progress_percentage) AS progress_sum
  FROM marts.fct_lesson_progress
  WHERE
    NOT fct_lesson_progress.course_key IS NULL
  GROUP BY
    fct_lesson_progress.user_key,
    fct_lesson_progress.school_key,
    fct_lesson_progress.course_key,
    fct_lesson_progress.updated_date
), marked_progress AS (
  SELECT
    progress.school_key,
    progress.course_key,
    progress.updated_date,
    progress.progress_rows,
    progress.progress_sum,
    int_users.is_learner
    AND progress.updated_date = MAX(progress.updated_date) OVER (PARTITION BY progress.user_key, progress.course_key) AS is_last,
    int_users.is_learner
    AND progress.updated_date = MAX(
      CASE
        WHEN progress.updated_date <= int_users.as_of_date
        THEN progress.updated_date
      END
    ) OVER (PARTITION BY progress.user_key, progress.course_key) AS is_last_utc
  FROM progress
  LEFT JOIN intermediate.int_users
    ON int_users.user_key = progress.user_key
), updates AS (
  SELECT
    marked_progress.school_key,
    marked_progress.course_key,
    marked_progress.updated_date AS activity_date,
    SUM(marked_progress.progress_rows) AS progress_rows,
    SUM(marked_progress.progress_sum) AS progress_sum,
    COUNT(*) FILTER(WHERE
      marked_progress.is_last) AS learners_last_updated,
    COUNT(*) FILTER(WHERE
      marked_progress.is_last_utc) AS learners_last_updated_utc
  FROM marked_progress
  GROUP BY
    marked_progress.school_key,
    marked_progress.course_key,
    marked_progress.updated_date
), completions AS (
  SELECT
    fct_lesson_progress.school_key,
    fct_lesson_progress.course_key,
    fct_lesson_progress.completed_date AS activity_date,
    COUNT(*) AS completions
  FROM marts.fct_lesson_progress
  WHERE
    fct_lesson_progress.is_completed
    AND NOT fct_lesson_progress.completed_date IS NULL
    AND NOT fct_lesson_progress.course_key IS NULL
  GROUP BY
    fct_lesson_progress.school_key,
    fct_lesson_progress.course_key,
    fct_lesson_progress.completed_date
)
SELECT
  COALESCE(updates.school_key, completions.school_key)::INT AS school_key,
  COALESCE(updates.course_key, completions.course_key)::INT AS course_key,
  COALESCE(updates.activity_date, completions.activity_date)::DATE AS activity_date,
  COALESCE(updates.progress_rows, 0)::INT AS progress_rows,
  COALESCE(updates.progress_sum, 0)::DECIMAL(18, 2) AS progress_sum,
  COALESCE(updates.learners_last_updated, 0)::INT AS learners_last_updated,
  COALESCE(updates.learners_last_updated_utc, 0)::INT AS learners_last_updated_utc,
  COALESCE(completions.completions, 0)::INT AS completions
FROM updates
FULL OUTER JOIN completions
  ON completions.school_key = updates.school_key
  AND completions.course_key = updates.course_key
  AND completions.activity_date = updates.activity_date
