MODEL (
  name intermediate.int_school_classes,
  kind VIEW,
  description 'One row per school with active classes: their number, and the quizzes of the courses that they take.',
  grain school_key
);

WITH active_classes AS (
  SELECT
    int_classes.school_key,
    int_classes.course_key,
    COUNT(*) AS class_count
  FROM intermediate.int_classes
  WHERE
    int_classes.is_active
  GROUP BY
    int_classes.school_key,
    int_classes.course_key
), course_quizzes AS (
  SELECT
    int_lessons.course_key,
    COUNT(*) AS quiz_count
  FROM staging.stg_quizzes
  INNER JOIN intermediate.int_lessons /* a quiz without a lesson is in no course */
    ON int_lessons.lesson_key = stg_quizzes.lesson_key
  GROUP BY
    int_lessons.course_key
)
SELECT
  active_classes.school_key::INT AS school_key,
  SUM(active_classes.class_count)::INT AS classes_active,
  COALESCE(SUM(course_quizzes.quiz_count), 0)::INT AS quizzes_total
FROM active_classes
LEFT JOIN course_quizzes
  ON course_quizzes.course_key = active_classes.course_key
GROUP BY
  active_classes.school_key
