AUDIT (
  name references_dim_school,
  defaults (
    "column" = school_key
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
    FROM marts.dim_school
    WHERE
      dim_school.school_key = referencing.@column
  )
