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

WITH latest AS (
  SELECT
    int_users.school_key,
    int_course_progress.course_key,
    int_course_progress.last_date,
    CASE
      WHEN int_course_progress.last_date <= int_users.as_of_date
      THEN int_course_progress.last_date
      ELSE int_course_progress.previous_date
    END AS last_date_utc
  FROM intermediate.int_course_progress
  INNER JOIN intermediate.int_users /* learners only */
    ON int_users.user_key = int_course_progress.user_key AND int_users.is_learner
), counts AS (
  SELECT
    int_progress_days.school_key,
    int_progress_days.course_key,
    int_progress_days.activity_date,
    int_progress_days.progress_rows,
    int_progress_days.progress_sum,
    0 AS learners_last_updated,
    0 AS learners_last_updated_utc,
    int_progress_days.completions
  FROM intermediate.int_progress_days
  WHERE
    NOT int_progress_days.course_key IS NULL
  UNION ALL
  SELECT
    latest.school_key,
    latest.course_key,
    latest.last_date,
    0,
    0,
    COUNT(*),
    0,
    0
  FROM latest
  GROUP BY
    latest.school_key,
    latest.course_key,
    latest.last_date
  UNION ALL
  SELECT
    latest.school_key,
    latest.course_key,
    latest.last_date_utc,
    0,
    0,
    0,
    COUNT(*),
    0
  FROM latest
  WHERE
    NOT latest.last_date_utc IS NULL
  GROUP BY
    latest.school_key,
    latest.course_key,
    latest.last_date_utc
)
SELECT
  counts.school_key::INT AS school_key,
  counts.course_key::INT AS course_key,
  counts.activity_date::DATE AS activity_date,
  SUM(counts.progress_rows)::INT AS progress_rows,
  SUM(counts.progress_sum)::DECIMAL(18, 2) AS progress_sum,
  SUM(counts.learners_last_updated)::INT AS learners_last_updated,
  SUM(counts.learners_last_updated_utc)::INT AS learners_last_updated_utc,
  SUM(counts.completions)::INT AS completions
FROM counts
GROUP BY
  counts.school_key,
  counts.course_key,
  counts.activity_date
