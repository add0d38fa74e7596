AUDIT (
  name references_dim_lesson,
  defaults (
    "column" = lesson_key
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
    FROM marts.dim_lesson
    WHERE
      dim_lesson.lesson_key = referencing.@column
  )
