MODEL (
  name staging.stg_courses,
  kind VIEW,
  description 'Courses as the source has them.'
);

SELECT
  courses.course_key::INT AS course_key,
  courses.id::TEXT AS course_id,
  courses.title::TEXT AS title,
  courses.subject::TEXT AS subject
FROM raw.courses
