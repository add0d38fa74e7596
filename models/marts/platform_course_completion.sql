MODEL (
  name marts.platform_course_completion,
  kind FULL,
  depends_on (
    marts.dim_course
  ),
  description 'One row per course and local date on which progress rows were last updated or lessons completed, all schools together.',
  grain (course_key, activity_date),
  audits (
    unique_combination_of_columns(columns := (course_key, activity_date)),
    not_null(
      columns := (
        course_key,
        activity_date,
        progress_rows,
        progress_sum,
        learners_last_updated,
        completions
      )
    ),
    references_dim_course,
    forall(
      criteria := (progress_sum <= 100 * progress_rows, learners_last_updated <= progress_rows)
    )
  ),
  column_descriptions (
    course_key = 'Course of the lessons',
    activity_date = 'Local date of updated_at of the progress rows, and of completed_at of the completions',
    progress_rows = 'Progress rows last updated on the date',
    progress_sum = 'Sum of their progress percentages',
    learners_last_updated = 'Learners whose newest update in the course not after the UTC date of as_of is on this date: their sum over the last N dates up to that one is the number of distinct learners in these',
    completions = 'Completed lessons with completed_at on the date'
  )
);

SELECT
  course_completion.course_key::INT AS course_key,
  course_completion.activity_date::DATE AS activity_date,
  SUM(course_completion.progress_rows)::INT AS progress_rows,
  SUM(course_completion.progress_sum)::DECIMAL(18, 2) AS progress_sum,
  SUM(course_completion.learners_last_updated_utc)::INT AS learners_last_updated,
  SUM(course_completion.completions)::INT AS completions
FROM marts.course_completion
GROUP BY
  course_completion.course_key,
  course_completion.activity_date
