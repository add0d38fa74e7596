MODEL (
  name staging.stg_classes,
  kind VIEW,
  description 'Classes as the source has them.'
);

SELECT
  classes.class_key::INT AS class_key,
  classes.id::TEXT AS class_id,
  classes.school_key::INT AS school_key,
  classes.course_key::INT AS course_key,
  classes.teacher_key::INT AS teacher_key,
  classes.name::TEXT AS name,
  classes.is_active::BOOLEAN AS is_active
FROM raw.classes
