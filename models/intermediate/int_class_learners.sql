MODEL (
  name intermediate.int_class_learners,
  kind FULL,
  description 'One row per class and learner enrolled in it, with the progress in the course of the class.',
  grain (class_key, user_key)
);

WITH course_sizes AS (
  SELECT
    int_lessons.course_key,
    COUNT(*) AS lesson_count
  FROM intermediate.int_lessons
  GROUP BY
    int_lessons.course_key
)
SELECT
  stg_class_enrollments.class_key::INT AS class_key,
  stg_class_enrollments.user_key::INT AS user_key,
  int_classes.school_key::INT AS school_key,
  CAST(int_course_progress.progress_sum::DOUBLE / int_course_progress.progress_rows AS DOUBLE) AS course_progress,
  CAST(stg_class_enrollments.status = 'completed'
  OR COALESCE(int_course_progress.completed_count = course_sizes.lesson_count, FALSE) AS BOOLEAN) AS has_completed_course
FROM staging.stg_class_enrollments
INNER JOIN intermediate.int_classes /* drops orphans of classes */
  ON int_classes.class_key = stg_class_enrollments.class_key
INNER JOIN intermediate.int_users /* learners only */
  ON int_users.user_key = stg_class_enrollments.user_key AND int_users.is_learner
LEFT JOIN intermediate.int_course_progress
  ON int_course_progress.user_key = stg_class_enrollments.user_key
  AND int_course_progress.course_key = int_classes.course_key
LEFT JOIN course_sizes
  ON course_sizes.course_key = int_classes.course_key
WHERE
  stg_class_enrollments.status <> 'withdrawn'
