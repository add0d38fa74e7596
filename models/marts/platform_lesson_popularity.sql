MODEL (
  name marts.platform_lesson_popularity,
  kind FULL,
  depends_on (
    marts.dim_lesson
  ),
  description 'One row per lesson and local date with a view, all schools together, for the last 366 dates.',
  grain (lesson_key, activity_date),
  audits (
    unique_combination_of_columns(columns := (lesson_key, activity_date)),
    not_null(columns := (lesson_key, activity_date, views, learners_last_seen)),
    references_dim_lesson,
    forall(criteria := (
      learners_last_seen BETWEEN 0 AND views
    ))
  ),
  column_descriptions (
    lesson_key = 'Lesson',
    activity_date = 'Local date of the views',
    views = 'Events with the lesson',
    learners_last_seen = 'Learners whose newest view of the lesson not after the UTC date of as_of is on this date: their sum over the last N dates up to that one is the number of distinct learners in these'
  )
);

SELECT
  lesson_popularity.lesson_key::INT AS lesson_key,
  lesson_popularity.activity_date::DATE AS activity_date,
  SUM(lesson_popularity.views)::BIGINT AS views,
  SUM(lesson_popularity.learners_last_seen_utc)::INT AS learners_last_seen
FROM marts.lesson_popularity
GROUP BY
  lesson_popularity.lesson_key,
  lesson_popularity.activity_date
