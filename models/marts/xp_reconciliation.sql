MODEL (
  name marts.xp_reconciliation,
  kind FULL,
  depends_on (marts.dim_user, marts.dim_school),
  description 'One row per learner whose XP on the platform differs from the ledger of events; none when the platform keeps no totals.',
  grain user_key,
  audits (
    unique_values(columns := (
      user_key
    )),
    not_null(columns := (user_key, school_key, ledger_xp, platform_xp, difference)),
    references_dim_user,
    references_dim_school,
    forall(criteria := (difference <> 0, difference = platform_xp - ledger_xp))
  ),
  column_descriptions (
    user_key = 'Key of the learner',
    school_key = 'School of the learner',
    ledger_xp = 'Sum of the XP of all events',
    platform_xp = 'leaderboard.total_xp of the source; 0 without a row there',
    difference = 'platform_xp - ledger_xp'
  )
);

WITH ledger AS (
  SELECT
    int_user_day.user_key,
    SUM(int_user_day.xp) AS xp
  FROM intermediate.int_user_day
  GROUP BY
    int_user_day.user_key
), totals AS (
  SELECT
    int_users.user_key,
    int_users.school_key,
    COALESCE(ledger.xp, 0) AS ledger_xp,
    COALESCE(stg_leaderboard.total_xp, 0) AS platform_xp
  FROM intermediate.int_users
  LEFT JOIN ledger
    ON ledger.user_key = int_users.user_key
  LEFT JOIN staging.stg_leaderboard
    ON stg_leaderboard.user_key = int_users.user_key
  WHERE
    int_users.is_learner AND EXISTS(
      SELECT
        1
      FROM staging.stg_leaderboard
    )
)
SELECT
  totals.user_key::INT AS user_key,
  totals.school_key::INT AS school_key,
  totals.ledger_xp::BIGINT AS ledger_xp,
  totals.platform_xp::BIGINT AS platform_xp,
  CAST(totals.platform_xp - totals.ledger_xp AS BIGINT) AS difference
FROM totals
WHERE
  totals.platform_xp <> totals.ledger_xp
