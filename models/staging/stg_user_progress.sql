MODEL (
  name staging.stg_user_progress,
  kind VIEW,
  description 'Progress rows up to as_of.'
);

SELECT
  user_progress.id::UUID AS progress_id,
  user_progress.user_key::INT AS user_key,
  user_progress.lesson_key::INT AS lesson_key,
  user_progress.progress_percentage::DECIMAL(5, 2) AS progress_percentage,
  user_progress.time_spent_seconds::INT AS time_spent_seconds,
  user_progress.completed_at::TIMESTAMP AS completed_at,
  user_progress.updated_at::TIMESTAMP AS updated_at
FROM raw.user_progress
WHERE
  @until_as_of(user_progress.updated_at)
