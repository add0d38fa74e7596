MODEL (
  name staging.stg_analytics,
  kind VIEW,
  description 'Activity events up to as_of, orphans included. activity_date is the local date in the zone of the user''s school.'
);

SELECT
  analytics.id::BIGINT AS event_id,
  analytics.user_key::INT AS user_key,
  analytics.lesson_key::INT AS lesson_key,
  analytics.xp_earned::INT AS xp_earned,
  analytics.created_at::TIMESTAMP AS created_at,
  analytics.local_date::DATE AS activity_date
FROM raw.analytics
WHERE
  @until_as_of(analytics.created_at)
