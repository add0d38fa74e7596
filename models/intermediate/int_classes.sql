MODEL (
  name intermediate.int_classes,
  kind FULL,
  description 'One row per class; school 0 without a school, course and teacher NULL where the source has none with that id.',
  grain class_key
);

SELECT
  stg_classes.class_key::INT AS class_key,
  stg_classes.class_id::TEXT AS class_id,
  COALESCE(int_schools.school_key, 0)::INT AS school_key,
  stg_courses.course_key::INT AS course_key,
  int_users.user_key::INT AS teacher_key,
  stg_classes.name::TEXT AS name,
  stg_classes.is_active::BOOLEAN AS is_active
FROM staging.stg_classes
LEFT JOIN intermediate.int_schools
  ON int_schools.school_key = stg_classes.school_key
LEFT JOIN staging.stg_courses
  ON stg_courses.course_key = stg_classes.course_key
LEFT JOIN intermediate.int_users
  ON int_users.user_key = stg_classes.teacher_key
