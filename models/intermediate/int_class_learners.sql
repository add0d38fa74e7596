MODEL (
  name intermediate.int_class_learners,
  kind FULL,
  description 'One row per class and learner enrolled in it, with the progress in the course of the class.',
  grain (class_key, user_key)
);

WITH course_progress AS (
  SELECT
    stg_user_progress.user_key,
    int_lessons.course_key,
    COUNT(*) AS progress_rows,
    SUM(stg_user_progress.progress_percentage) AS progress_sum,
    COUNT(*) FILTER(WHERE
      stg_user_progress.progress_percentage >= @completed_percentage) AS completed_count
  FROM staging.stg_user_progress
  INNER JOIN intermediate.int_lessons /* drops orphans of lessons */
    ON int_lessons.lesson_key = stg_user_progress.lesson_key
  WHERE
    NOT int_lessons.course_key IS NULL
  GROUP BY
    stg_user_progress.user_key,
    int_lessons.course_key
), course_sizes AS (
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
  CAST(course_progress.progress_sum::DOUBLE / course_progress.progress_rows AS DOUBLE) AS course_progress,
  CAST(stg_class_enrollments.status = 'completed'
  OR COALESCE(course_progress.completed_count = course_sizes.lesson_count, FALSE) AS BOOLEAN) AS has_completed_course
FROM staging.stg_class_enrollments
INNER JOIN intermediate.int_classes /* drops orphans of classes */
  ON int_classes.class_key = stg_class_enrollments.class_key
INNER JOIN intermediate.int_users /* learners only */
  ON int_users.user_key = stg_class_enrollments.user_key AND int_users.is_learner
LEFT JOIN course_progress
  ON course_progress.user_key = stg_class_enrollments.user_key
  AND course_progress.course_key = int_classes.course_key
LEFT JOIN course_sizes
  ON course_sizes.course_key = int_classes.course_key
WHERE
  stg_class_enrollments.status <> 'withdrawn'
