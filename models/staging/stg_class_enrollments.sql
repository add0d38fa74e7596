MODEL (
  name staging.stg_class_enrollments,
  kind VIEW,
  description 'Enrolments up to as_of.'
);

SELECT
  class_enrollments.class_key::INT AS class_key,
  class_enrollments.student_key::INT AS user_key,
  class_enrollments.status::TEXT AS status,
  class_enrollments.enrolled_at::TIMESTAMP AS enrolled_at
FROM raw.class_enrollments
WHERE
  @until_as_of(class_enrollments.enrolled_at)
