MODEL (
  name staging.stg_leaderboard,
  kind VIEW,
  description 'The platform''s own XP totals, only compared with the ledger.'
);

SELECT
  leaderboard.user_key::INT AS user_key,
  leaderboard.total_xp::BIGINT AS total_xp
FROM raw.leaderboard
