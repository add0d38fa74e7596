AUDIT (
  name school_is_that_of_the_user
);

/* Both keys at once: a user who is not there is found as well. */
SELECT
  fact.user_key /* whoever moves to another school takes the past along */
FROM @this_model AS fact
WHERE
  NOT EXISTS(
    SELECT
      1
    FROM marts.dim_user
    WHERE
      dim_user.user_key = fact.user_key AND dim_user.school_key = fact.school_key
  )
