MODEL (
  name intermediate.int_recent_scores,
  kind INCREMENTAL_UNMANAGED (
    forward_only FALSE
  ),
  table_format iceberg,
  description 'One row per user with a completed attempt: the newest ones, at most five.',
  grain user_key
);

@IF(
  @runtime_stage = 'evaluating',
  DELETE FROM @this_model AS scores
  WHERE
    scores.user_key IN (
      SELECT
        build_person.user_key
      FROM staging.stg_build_people AS build_person
    )
);

WITH recent_attempts AS (
  SELECT
    stg_quiz_attempts.user_key,
    stg_quiz_attempts.score
  FROM staging.stg_quiz_attempts
  INNER JOIN staging.stg_build_people /* the people to build, each once */
    ON stg_build_people.user_key = stg_quiz_attempts.user_key
  INNER JOIN staging.stg_quizzes /* drops orphans of quizzes */
    ON stg_quizzes.quiz_key = stg_quiz_attempts.quiz_key
  WHERE
    NOT stg_quiz_attempts.completed_at IS NULL
    AND NOT stg_quiz_attempts.score IS NULL
  QUALIFY
    ROW_NUMBER() OVER (
      PARTITION BY stg_quiz_attempts.user_key
      ORDER BY stg_quiz_attempts.completed_at DESC, stg_quiz_attempts.attempt_id DESC
    ) <= @at_risk_recent_attempts
)
SELECT
  recent_attempts.user_key::INT AS user_key,
  COUNT(*)::INT AS attempt_count,
  SUM(recent_attempts.score)::DECIMAL(18, 2) AS score_sum
FROM recent_attempts
GROUP BY
  recent_attempts.user_key
