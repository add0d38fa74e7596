MODEL (
  name staging.stg_quizzes,
  kind VIEW,
  description 'Quizzes as the source has them.'
);

SELECT
  quizzes.quiz_key::INT AS quiz_key,
  quizzes.id::TEXT AS quiz_id,
  quizzes.lesson_key::INT AS lesson_key,
  quizzes.title::TEXT AS title,
  quizzes.pass_score::DECIMAL(5, 2) AS pass_score,
  quizzes.due_at::TIMESTAMP AS due_at
FROM raw.quizzes
