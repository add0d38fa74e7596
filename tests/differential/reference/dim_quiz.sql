SELECT
    quizzes.id AS quiz_id,
    lessons.id AS lesson_id,
    courses.id AS course_id,
    quizzes.title,
    coalesce(quizzes.pass_score, 70) AS pass_score,
    quizzes.due_at
FROM quizzes
LEFT JOIN lessons ON lessons.id = quizzes.lesson_id
LEFT JOIN courses ON courses.id = lessons.course_id
