AUDIT (
  name references_dim_quiz,
  defaults (
    "column" = quiz_key
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
    FROM marts.dim_quiz
    WHERE
      dim_quiz.quiz_key = referencing.@column
  )
