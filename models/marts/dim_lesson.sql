MODEL (
  name marts.dim_lesson,
  kind FULL,
  depends_on (
    marts.dim_course
  ),
  description 'One row per lesson.',
  grain lesson_key,
  audits (
    unique_values(columns := (
      lesson_key
    )),
    not_null(columns := (lesson_key, lesson_id, title, content_count)),
    references_dim_course
  ),
  column_descriptions (
    lesson_key = 'Key of the lesson',
    lesson_id = 'Id of the lesson at the source',
    course_key = 'Course of the lesson; NULL when the source has no such course',
    title = 'Title',
    position = 'Place within the course, as the source numbers it',
    content_count = 'Number of contents (videos, texts, exercises, ...) of the lesson'
  )
);

WITH content_counts AS (
  SELECT
    stg_contents.lesson_key,
    COUNT(*) AS content_count
  FROM staging.stg_contents
  GROUP BY
    stg_contents.lesson_key
)
SELECT
  int_lessons.lesson_key::INT AS lesson_key,
  int_lessons.lesson_id::TEXT AS lesson_id,
  int_lessons.course_key::INT AS course_key,
  int_lessons.title::TEXT AS title,
  int_lessons.position::INT AS "position",
  COALESCE(content_counts.content_count, 0)::INT AS content_count
FROM intermediate.int_lessons
LEFT JOIN content_counts
  ON content_counts.lesson_key = int_lessons.lesson_key
