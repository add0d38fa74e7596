MODEL (
  name marts.fct_quiz_attempt,
  kind INCREMENTAL_UNMANAGED (
    forward_only FALSE
  ),
  table_format iceberg,
  depends_on (
    marts.dim_user,
    marts.dim_school,
    marts.dim_quiz,
    marts.dim_course,
    staging.stg_build_people
  ),
  description 'One row per attempt at a quiz by a known user on a known quiz, completed or not.',
  grain attempt_key,
  audits (
    unique_combination_of_columns(columns := (
      attempt_key
    )),
    not_null(
      columns := (attempt_key, user_key, quiz_key, school_key, is_completed, started_at)
    ),
    school_is_that_of_the_user,
    references_dim_quiz,
    references_dim_course,
    forall(
      criteria := (
        NOT is_completed OR (
          NOT completed_date IS NULL AND NOT is_passed IS NULL
        )
      )
    )
  ),
  column_descriptions (
    attempt_key = 'Key of the attempt',
    user_key = 'Key of the person, any role',
    quiz_key = 'Quiz that was tried',
    school_key = 'School of the person',
    course_key = 'Course of the lesson of the quiz; NULL for a quiz without a lesson',
    score = 'Score 0..100, NULL until it is set',
    is_completed = 'Whether both completed_at and score are set: only then does the score count',
    is_passed = 'Whether a completed attempt reached the pass score of the quiz; NULL until completed',
    started_at = 'When the attempt began (UTC)',
    completed_at = 'When it ended (UTC)',
    completed_date = 'Local date of completed_at'
  )
);

@IF(
  @runtime_stage = 'evaluating',
  DELETE FROM @this_model AS attempt
  WHERE
    attempt.user_key IN (
      SELECT
        build_person.user_key
      FROM staging.stg_build_people AS build_person
    )
);

SELECT
  stg_quiz_attempts.attempt_key::INT AS attempt_key,
  stg_quiz_attempts.user_key::INT AS user_key,
  stg_quiz_attempts.quiz_key::INT AS quiz_key,
  int_users.school_key::INT AS school_key,
  int_lessons.course_key::INT AS course_key,
  stg_quiz_attempts.score::DECIMAL(5, 2) AS score,
  CAST(NOT stg_quiz_attempts.completed_at IS NULL
  AND NOT stg_quiz_attempts.score IS NULL AS BOOLEAN) AS is_completed,
  CASE
    WHEN NOT stg_quiz_attempts.completed_at IS NULL
    THEN stg_quiz_attempts.score >= stg_quizzes.pass_score
  END::BOOLEAN AS is_passed,
  stg_quiz_attempts.started_at::TIMESTAMP AS started_at,
  stg_quiz_attempts.completed_at::TIMESTAMP AS completed_at,
  @local_date(stg_quiz_attempts.completed_at, zone_day) AS completed_date
FROM staging.stg_quiz_attempts
INNER JOIN staging.stg_build_people /* the people to build, each once */
  ON stg_build_people.user_key = stg_quiz_attempts.user_key
INNER JOIN intermediate.int_users /* drops orphans of users */
  ON int_users.user_key = stg_quiz_attempts.user_key
INNER JOIN staging.stg_quizzes /* drops orphans of quizzes */
  ON stg_quizzes.quiz_key = stg_quiz_attempts.quiz_key
LEFT JOIN intermediate.int_lessons
  ON int_lessons.lesson_key = stg_quizzes.lesson_key
LEFT JOIN staging.stg_zone_days AS zone_day
  ON zone_day.zone = int_users.zone
  AND zone_day.utc_date = stg_quiz_attempts.completed_at::DATE
