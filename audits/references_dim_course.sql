AUDIT (
  name references_dim_course,
  defaults (
    "column" = course_key
  )
);

SELECT
  referencing.@column AS missing_key /* NULL refers to nothing */
FROM @this_model AS referencing
WHERE
  NOT referencing.@column IS NULL
  AND NOT EXISTS(
    SELECT
      1
    FROM marts.dim_course
    WHERE
      dim_course.course_key = referencing.@column
  )
