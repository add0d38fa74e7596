MODEL (
  name marts.learner_course_mastery,
  kind FULL,
  depends_on (marts.dim_user, marts.dim_school),
  description 'One row per learner and course with a progress row or a piece of evidence.',
  grain (user_key, course_key),
  audits (
    unique_combination_of_columns(columns := (user_key, course_key)),
    not_null(
      columns := (
        user_key,
        course_key,
        school_key,
        topics_completed,
        topics_total,
        evidence,
        correct,
        level
      )
    ),
    references_dim_user,
    references_dim_course,
    accepted_values(
      "column" := level,
      is_in := ('not_enough_data', 'beginning', 'developing', 'proficient', 'mastered')
    ),
    forall(
      criteria := (
        correct BETWEEN 0 AND evidence,
        topics_completed <= topics_total,
        (
          knowledge IS NULL
        ) = (
          evidence = 0
        ),
        NOT mastery IS NULL OR evidence > 0,
        knowledge IS NULL OR knowledge BETWEEN 0 AND 1,
        retained IS NULL OR retained BETWEEN 0 AND knowledge
      )
    )
  ),
  column_descriptions (
    user_key = 'Key of the learner',
    course_key = 'Course',
    school_key = 'School of the learner',
    mastery = 'Mean progress percentage over the progress rows of the lessons of the course, 0..100; NULL without progress rows',
    topics_completed = 'Completed lessons of the course',
    topics_total = 'Lessons of the course',
    evidence = 'First completed attempts on quizzes of the course: one a quiz',
    correct = 'Those that reached the pass score',
    proficiency = 'First-attempt proficiency 0..1: (1.0 x correct + 0.2 x wrong) / evidence; NULL below 3 pieces',
    knowledge = 'Bayesian knowledge tracing: probability 0..1 after the last piece of evidence; NULL without evidence',
    retained = 'knowledge x 2 ^ (-days since the last evidence / 45)',
    level = 'not_enough_data below 3 pieces of evidence, else beginning, developing, proficient or mastered by knowledge',
    last_evidence_at = 'When the last piece of evidence was completed (UTC)'
  )
);

WITH pairs AS (
  SELECT
    COALESCE(progress.user_key, int_knowledge.user_key) AS user_key,
    COALESCE(progress.course_key, int_knowledge.course_key) AS course_key,
    progress.progress_rows,
    progress.progress_sum,
    COALESCE(progress.completed_count, 0) AS topics_completed,
    COALESCE(int_knowledge.evidence, 0) AS evidence,
    COALESCE(int_knowledge.correct, 0) AS correct,
    int_knowledge.knowledge,
    int_knowledge.last_evidence_at
  FROM intermediate.int_course_progress AS progress
  FULL OUTER JOIN intermediate.int_knowledge
    ON int_knowledge.user_key = progress.user_key
    AND int_knowledge.course_key = progress.course_key
)
SELECT
  pairs.user_key::INT AS user_key,
  pairs.course_key::INT AS course_key,
  int_users.school_key::INT AS school_key,
  CAST(pairs.progress_sum::DOUBLE / pairs.progress_rows AS DOUBLE) AS mastery,
  pairs.topics_completed::INT AS topics_completed,
  dim_course.lesson_count::INT AS topics_total,
  pairs.evidence::INT AS evidence,
  pairs.correct::INT AS correct,
  CASE
    WHEN pairs.evidence >= @minimum_evidence
    THEN CAST(@proficiency_correct_weight * pairs.correct + @proficiency_wrong_weight * (
      pairs.evidence - pairs.correct
    ) AS DOUBLE) / pairs.evidence
  END::DOUBLE AS proficiency,
  pairs.knowledge::DOUBLE AS knowledge,
  CAST(pairs.knowledge * POWER(
    2::DOUBLE,
    -CAST(@microseconds(stg_batch.as_of) - @microseconds(pairs.last_evidence_at) AS DOUBLE) / 86400000000 / @retention_half_life_days
  ) AS DOUBLE) AS retained,
  CASE
    WHEN pairs.evidence < @minimum_evidence
    THEN 'not_enough_data'
    WHEN pairs.knowledge < @level_developing_from
    THEN 'beginning'
    WHEN pairs.knowledge < @level_proficient_from
    THEN 'developing'
    WHEN pairs.knowledge < @level_mastered_from
    THEN 'proficient'
    ELSE 'mastered'
  END::TEXT AS level,
  pairs.last_evidence_at::TIMESTAMP AS last_evidence_at
FROM pairs
CROSS JOIN staging.stg_batch
INNER JOIN intermediate.int_users /* learners only */
  ON int_users.user_key = pairs.user_key AND int_users.is_learner
INNER JOIN marts.dim_course /* every course of a progress row or quiz is there */
  ON dim_course.course_key = pairs.course_key
