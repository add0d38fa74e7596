AUDIT (
  name references_dim_class,
  defaults (
    "column" = class_key
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
    FROM marts.dim_class
    WHERE
      dim_class.class_key = referencing.@column
  )
