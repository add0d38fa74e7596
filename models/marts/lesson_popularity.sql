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

WITH recent_days AS (
  SELECT
    int_users.school_key,
    int_users.is_learner,
    int_users.as_of_date,
    int_lesson_day.user_key,
    int_lesson_day.lesson_key,
    int_lesson_day.activity_date,
    int_lesson_day.view_count
  FROM intermediate.int_lesson_day
  INNER JOIN intermediate.int_users /* every viewer is there */
    ON int_users.user_key = int_lesson_day.user_key
  WHERE
    int_lesson_day.activity_date > LEAST(int_users.today_date, int_users.as_of_date) - @activity_detail_days
), views AS (
  SELECT
    recent_days.school_key,
    recent_days.lesson_key,
    recent_days.activity_date,
    SUM(recent_days.view_count) AS views
  FROM recent_days
  GROUP BY
    recent_days.school_key,
    recent_days.lesson_key,
    recent_days.activity_date
), newest_views AS (
  SELECT
    recent_days.school_key,
    recent_days.lesson_key,
    MAX(recent_days.activity_date) AS last_date,
    MAX(
      CASE
        WHEN recent_days.activity_date <= recent_days.as_of_date
        THEN recent_days.activity_date
      END
    ) AS last_date_utc
  FROM recent_days
  WHERE
    recent_days.is_learner
  GROUP BY
    recent_days.school_key,
    recent_days.lesson_key,
    recent_days.user_key
), last_seen AS (
  SELECT
    newest_views.school_key,
    newest_views.lesson_key,
    newest_views.last_date,
    COUNT(*) AS learners
  FROM newest_views
  GROUP BY
    newest_views.school_key,
    newest_views.lesson_key,
    newest_views.last_date
), last_seen_utc AS (
  SELECT
    newest_views.school_key,
    newest_views.lesson_key,
    newest_views.last_date_utc,
    COUNT(*) AS learners
  FROM newest_views
  GROUP BY
    newest_views.school_key,
    newest_views.lesson_key,
    newest_views.last_date_utc
)
SELECT
  views.school_key::INT AS school_key,
  views.lesson_key::INT AS lesson_key,
  views.activity_date::DATE AS activity_date,
  views.views::BIGINT AS views,
  COALESCE(last_seen.learners, 0)::INT AS learners_last_seen,
  COALESCE(last_seen_utc.learners, 0)::INT AS learners_last_seen_utc
FROM views
LEFT JOIN last_seen
  ON last_seen.school_key = views.school_key
  AND last_seen.lesson_key = views.lesson_key
  AND last_seen.last_date = views.activity_date
LEFT JOIN last_seen_utc
  ON last_seen_utc.school_key = views.school_key
  AND last_seen_utc.lesson_key = views.lesson_key
  AND last_seen_utc.last_date_utc = views.activity_date
