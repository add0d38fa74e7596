MODEL (
  name intermediate.int_lessons,
  kind FULL,
  description 'One row per lesson; the course is NULL where the source has none with that id.',
  grain lesson_key
);

SELECT
  stg_lessons.lesson_key::INT AS lesson_key,
  stg_lessons.lesson_id::TEXT AS lesson_id,
  stg_courses.course_key::INT AS course_key,
  stg_lessons.title::TEXT AS title,
  stg_lessons.position::INT AS "position"
FROM staging.stg_lessons
LEFT JOIN staging.stg_courses
  ON stg_courses.course_key = stg_lessons.course_key
