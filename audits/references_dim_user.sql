AUDIT (
  name references_dim_user,
  defaults (
    "column" = user_key
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
    FROM marts.dim_user
    WHERE
      dim_user.user_key = referencing.@column
  )
