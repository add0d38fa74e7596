MODEL (
  name staging.stg_lessons,
  kind VIEW,
  description 'Lessons as the source has them.'
);

SELECT
  lessons.lesson_key::INT AS lesson_key,
  lessons.id::TEXT AS lesson_id,
  lessons.course_key::INT AS course_key,
  lessons.title::TEXT AS title,
  lessons.position::INT AS position
FROM raw.lessons
