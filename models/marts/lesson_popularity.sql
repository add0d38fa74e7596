MODEL (
  name marts.lesson_popularity,
  kind FULL,
  depends_on (marts.dim_school, marts.dim_lesson),
  description 'One row per school, lesson and local date with a view, for the last 366 dates.',
  grain (school_key, lesson_key, activity_date),
  audits (
    unique_combination_of_columns(columns := (school_key, lesson_key, activity_date)),
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

WITH views AS (
  SELECT
    int_users.school_key,
    int_users.is_learner,
    int_lesson_day.lesson_key,
    int_lesson_day.activity_date,
    int_lesson_day.view_count,
    int_lesson_day.activity_date = MAX(int_lesson_day.activity_date) OVER (PARTITION BY int_lesson_day.user_key, int_lesson_day.lesson_key) AS is_last,
    int_lesson_day.activity_date = MAX(
      CASE
        WHEN int_lesson_day.activity_date <= int_users.as_of_date
        THEN int_lesson_day.activity_date
      END
    ) OVER (PARTITION BY int_lesson_day.user_key, int_lesson_day.lesson_key) AS is_last_utc
  FROM intermediate.int_lesson_day
  INNER JOIN intermediate.int_users /* every viewer is there */
    ON int_users.user_key = int_lesson_day.user_key
  WHERE
    int_lesson_day.activity_date > LEAST(int_users.today_date, int_users.as_of_date) - @activity_detail_days
)
SELECT
  views.school_key::INT AS school_key,
  views.lesson_key::INT AS lesson_key,
  views.activity_date::DATE AS activity_date,
  SUM(views.view_count)::BIGINT AS views,
  COUNT(*) FILTER(WHERE
    views.is_learner AND views.is_last)::INT AS learners_last_seen,
  COUNT(*) FILTER(WHERE
    views.is_learner AND views.is_last_utc)::INT AS learners_last_seen_utc
FROM views
GROUP BY
  views.school_key,
  views.lesson_key,
  views.activity_date
