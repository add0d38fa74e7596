MODEL (
  name intermediate.int_build_events,
  kind VIEW,
  description 'One row per event on the days to build in this run, up to as_of, whose user and lesson, where it has one, are in the source.',
  grain event_id
);

SELECT
  stg_analytics.event_id::BIGINT AS event_id,
  stg_analytics.user_key::INT AS user_key,
  stg_analytics.lesson_key::INT AS lesson_key,
  stg_analytics.xp_earned::INT AS xp_earned,
  stg_analytics.created_at::TIMESTAMP AS created_at,
  stg_analytics.activity_date::DATE AS activity_date
FROM staging.stg_analytics
INNER JOIN staging.stg_build_days /* the days to build, each once: first, so that the other joins see few rows */
  ON stg_build_days.user_key = stg_analytics.user_key
  AND stg_build_days.activity_date = stg_analytics.activity_date
INNER JOIN staging.stg_users /* drops orphans of users */
  ON stg_users.user_key = stg_analytics.user_key
LEFT JOIN staging.stg_lessons
  ON stg_lessons.lesson_key = stg_analytics.lesson_key
WHERE
  stg_analytics.lesson_key IS NULL OR NOT stg_lessons.lesson_key IS NULL
