MODEL (
  name marts.dim_class,
  kind FULL,
  depends_on (marts.dim_school, marts.dim_course, marts.dim_user),
  description 'One row per class.',
  grain class_key,
  audits (
    unique_values(columns := (
      class_key
    )),
    not_null(columns := (class_key, class_id, school_key, name, is_active, enrolled_count)),
    references_dim_school,
    references_dim_course,
    references_dim_user("column" := teacher_key)
  ),
  column_descriptions (
    class_key = 'Key of the class',
    class_id = 'Id of the class at the source',
    school_key = 'School of the class, 0 without one',
    course_key = 'Course that the class takes; NULL without one',
    teacher_key = 'Key of the person who teaches it; NULL without one',
    name = 'Name',
    is_active = 'Whether the class is in use',
    enrolled_count = 'Enrolments that are not withdrawn'
  )
);

WITH enrolled_counts AS (
  SELECT
    fct_enrollment.class_key,
    COUNT(*) AS enrolled_count
  FROM marts.fct_enrollment
  WHERE
    fct_enrollment.is_enrolled
  GROUP BY
    fct_enrollment.class_key
)
SELECT
  int_classes.class_key::INT AS class_key,
  int_classes.class_id::TEXT AS class_id,
  int_classes.school_key::INT AS school_key,
  int_classes.course_key::INT AS course_key,
  int_classes.teacher_key::INT AS teacher_key,
  int_classes.name::TEXT AS name,
  int_classes.is_active::BOOLEAN AS is_active,
  COALESCE(enrolled_counts.enrolled_count, 0)::INT AS enrolled_count
FROM intermediate.int_classes
LEFT JOIN enrolled_counts
  ON enrolled_counts.class_key = int_classes.class_key
