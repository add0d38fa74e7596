MODEL (
  name marts.lesson_popularity,
  kind FULL,
  depends_on (marts.dim_school, marts.dim_lesson),
  description 'One row per school, lesson and local date with a view, for the last 366 dates.',
  grain (school_key, lesson_key, activity_date),
  audits (
    unique_by_blocks(
      keys := (school_key, lesson_key),
      number := DATE_DIFF('DAY', '1970-01-01'::DATE, activity_date)
    ),
    not_null(
      columns := (
        school_key,
        lesson_key,
        activity_date,
        views,
        learners_last_seen,
        learners_last_seen_utc
      )
    ),
    references_dim_school,
    references_dim_lesson,
    forall(
      criteria := (
        learners_last_seen BETWEEN 0 AND views,
        learners_last_seen_utc BETWEEN 0 AND views
      )
    )
  ),
  column_descriptions (
    school_key = 'School of the viewers',
    lesson_key = 'Lesson',
    activity_date = 'Local date of the views',
    views = 'Events with the lesson',
    learners_last_seen = 'Learners whose newest view of the lesson is on this date: their sum over the last N dates is the number of distinct learners in these',
    learners_last_seen_utc = 'The same for windows that end on the UTC date of as_of: newest view not after that date'
  )
);

SELECT
  int_users.school_key::INT AS school_key,
  int_lesson_day.lesson_key::INT AS lesson_key,
  int_lesson_day.activity_date::DATE AS activity_date,
  SUM(int_lesson_day.view_count)::BIGINT AS views,
  COUNT(*) FILTER(WHERE
    int_users.is_learner AND int_lesson_day.next_view_date IS NULL)::INT AS learners_last_seen,
  COUNT(*) FILTER(WHERE
    int_users.is_learner
    AND int_lesson_day.activity_date <= int_users.as_of_date
    AND COALESCE(int_lesson_day.next_view_date > int_users.as_of_date, TRUE))::INT AS learners_last_seen_utc
FROM intermediate.int_lesson_day
INNER JOIN intermediate.int_users /* every viewer is there */
  ON int_users.user_key = int_lesson_day.user_key
WHERE
  int_lesson_day.activity_date > LEAST(int_users.today_date, int_users.as_of_date) - @activity_detail_days
GROUP BY
  int_users.school_key,
  int_lesson_day.lesson_key,
  int_lesson_day.activity_date
