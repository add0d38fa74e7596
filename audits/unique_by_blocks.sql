AUDIT (
  name unique_by_blocks
);

/* As unique_combination_of_columns of the keys and an integer, at a fraction of the cost: 32 neighbouring
   numbers are bits of one value, so that there is a group a block and not a group a row. Only when some
   block has more rows than bits are the rows themselves looked for. */
WITH blocks AS (
  SELECT
    @EACH(@keys, key -> key),
    @number >> 5 AS block
  FROM @this_model
  GROUP BY
    @EACH(@keys, key -> key),
    @number >> 5
  HAVING
    COUNT(*) <> BIT_COUNT(BIT_OR(1::BIGINT << (
      @number & 31
    )))
), suspicion AS (
  SELECT
    1 AS is_founded
  FROM blocks
  LIMIT 1
)
SELECT
  @EACH(@keys, key -> key),
  @number AS number
FROM @this_model
CROSS JOIN suspicion
GROUP BY
  @EACH(@keys, key -> key),
  @number
HAVING
  COUNT(*) > 1
