MODEL (
  name marts.dim_course,
  kind FULL,
  description 'One row per course.',
  grain course_key,
  audits (
    unique_values(columns := (
      course_key
    )),
    not_null(columns := (course_key, course_id, title, lesson_count))
  ),
  column_descriptions (
    course_key = 'Key of the course',
    course_id = 'Id of the course at the source',
    title = 'Title',
    subject = 'Subject, NULL when the source has none',
    lesson_count = 'Number of lessons of the course'
  )
);

WITH lesson_counts AS (
  SELECT
    int_lessons.course_key,
    COUNT(*) AS lesson_count
  FROM intermediate.int_lessons
  GROUP BY
    int_lessons.course_key
)
SELECT
  stg_courses.course_key::INT AS course_key,
  stg_courses.course_id::TEXT AS course_id,
  stg_courses.title::TEXT AS title,
  stg_courses.subject::TEXT AS subject,
  COALESCE(lesson_counts.lesson_count, 0)::INT AS lesson_count
FROM staging.stg_courses
LEFT JOIN lesson_counts
  ON lesson_counts.course_key = stg_courses.course_key
