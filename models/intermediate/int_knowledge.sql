MODEL (
  name intermediate.int_knowledge,
  kind INCREMENTAL_UNMANAGED (
    forward_only FALSE
  ),
  table_format iceberg,
  description 'One row per user and course with evidence: the first completed attempt on each quiz of the lessons of the course.',
  grain (user_key, course_key)
);

@IF(
  @runtime_stage = 'evaluating',
  DELETE FROM @this_model AS knowledge
  WHERE
    knowledge.user_key IN (
      SELECT
        build_person.user_key
      FROM staging.stg_build_people AS build_person
    )
);

WITH evidence AS (
  SELECT
    stg_quiz_attempts.user_key,
    int_lessons.course_key,
    stg_quiz_attempts.completed_at,
    stg_quiz_attempts.attempt_id,
    CASE WHEN stg_quiz_attempts.score >= stg_quizzes.pass_score THEN 1 ELSE 0 END AS is_correct
  FROM staging.stg_quiz_attempts
  INNER JOIN staging.stg_build_people /* the people to build, each once */
    ON stg_build_people.user_key = stg_quiz_attempts.user_key
  INNER JOIN staging.stg_users /* drops orphans of users */
    ON stg_users.user_key = stg_quiz_attempts.user_key
  INNER JOIN staging.stg_quizzes /* drops orphans of quizzes */
    ON stg_quizzes.quiz_key = stg_quiz_attempts.quiz_key
  INNER JOIN intermediate.int_lessons /* a quiz without a lesson is evidence for no course */
    ON int_lessons.lesson_key = stg_quizzes.lesson_key
  WHERE
    NOT stg_quiz_attempts.completed_at IS NULL
    AND NOT stg_quiz_attempts.score IS NULL
    AND NOT int_lessons.course_key IS NULL
  QUALIFY
    ROW_NUMBER() OVER (
      PARTITION BY stg_quiz_attempts.user_key, stg_quiz_attempts.quiz_key
      ORDER BY stg_quiz_attempts.completed_at, stg_quiz_attempts.attempt_id
    ) = 1
)
SELECT
  evidence.user_key::INT AS user_key,
  evidence.course_key::INT AS course_key,
  COUNT(*)::INT AS evidence,
  SUM(evidence.is_correct)::INT AS correct,
  @knowledge_tracing(
    evidence.is_correct::DOUBLE,
    evidence.completed_at,
    evidence.attempt_id,
    @bkt_start,
    @bkt_slip,
    @bkt_guess,
    @bkt_transit
  )::DOUBLE AS knowledge,
  MAX(evidence.completed_at)::TIMESTAMP AS last_evidence_at
FROM evidence
GROUP BY
  evidence.user_key,
  evidence.course_key
