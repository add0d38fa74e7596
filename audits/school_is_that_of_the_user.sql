AUDIT (
  name school_is_that_of_the_user
);

SELECT
  fact.user_key /* whoever moves to another school takes the past along */
FROM @this_model AS fact
INNER JOIN marts.dim_user
  ON dim_user.user_key = fact.user_key
WHERE
  dim_user.school_key <> fact.school_key
