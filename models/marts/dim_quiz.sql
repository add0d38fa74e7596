MODEL (
  name marts.dim_quiz,
  kind FULL,
  depends_on (marts.dim_course, marts.dim_lesson),
  description 'One row per quiz.',
  grain quiz_key,
  audits (
    unique_values(columns := (
      quiz_key
    )),
    not_null(columns := (quiz_key, quiz_id, title, pass_score)),
    references_dim_lesson,
    references_dim_course
  ),
  column_descriptions (
    quiz_key = 'Key of the quiz',
    quiz_id = 'Id of the quiz at the source',
    lesson_key = 'Lesson of the quiz; NULL without one, or when the source has no such lesson',
    course_key = 'Course of that lesson',
    title = 'Title',
    pass_score = 'Score from which an attempt is correct, 0..100',
    due_at = 'When the quiz is due (UTC), NULL when it never is'
  )
);

SELECT
  stg_quizzes.quiz_key::INT AS quiz_key,
  stg_quizzes.quiz_id::TEXT AS quiz_id,
  int_lessons.lesson_key::INT AS lesson_key,
  int_lessons.course_key::INT AS course_key,
  stg_quizzes.title::TEXT AS title,
  stg_quizzes.pass_score::DECIMAL(5, 2) AS pass_score,
  stg_quizzes.due_at::TIMESTAMP AS due_at
FROM staging.stg_quizzes
LEFT JOIN intermediate.int_lessons
  ON int_lessons.lesson_key = stg_quizzes.lesson_key
