MODEL (
  name staging.stg_quiz_attempts,
  kind VIEW,
  description 'Quiz attempts up to as_of.'
);

SELECT
  quiz_attempts.attempt_key::INT AS attempt_key,
  quiz_attempts.id::UUID AS attempt_id,
  quiz_attempts.quiz_key::INT AS quiz_key,
  quiz_attempts.user_key::INT AS user_key,
  quiz_attempts.score::DECIMAL(5, 2) AS score,
  quiz_attempts.started_at::TIMESTAMP AS started_at,
  quiz_attempts.completed_at::TIMESTAMP AS completed_at
FROM raw.quiz_attempts
WHERE
  @until_as_of(COALESCE(quiz_attempts.completed_at, quiz_attempts.started_at))
