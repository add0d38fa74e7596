MODEL (
  name intermediate.int_leaderboard_entries,
  kind VIEW,
  description 'One row per timeframe, scope and participant, before ranking.',
  grain (timeframe, scope, scope_key, user_key)
);

WITH entries AS (
  SELECT
    int_window_xp.timeframe,
    int_window_xp.user_key,
    int_window_xp.xp,
    int_window_xp.last_xp_at,
    int_users.school_key,
    int_users.tie_order
  FROM intermediate.int_window_xp
  LEFT JOIN intermediate.int_users
    ON int_users.user_key = int_window_xp.user_key
), scoped_entries AS (
  SELECT
    entries.timeframe,
    'global' AS scope,
    0 AS scope_key,
    entries.user_key,
    entries.xp,
    entries.last_xp_at,
    entries.tie_order
  FROM entries
  UNION ALL
  SELECT
    entries.timeframe,
    'school',
    entries.school_key,
    entries.user_key,
    entries.xp,
    entries.last_xp_at,
    entries.tie_order
  FROM entries
  UNION ALL
  SELECT
    entries.timeframe,
    'class',
    int_class_learners.class_key,
    entries.user_key,
    entries.xp,
    entries.last_xp_at,
    entries.tie_order
  FROM entries
  INNER JOIN intermediate.int_class_learners /* the enrolled */
    ON int_class_learners.user_key = entries.user_key
)
SELECT
  scoped_entries.timeframe::TEXT AS timeframe,
  scoped_entries.scope::TEXT AS scope,
  scoped_entries.scope_key::INT AS scope_key,
  scoped_entries.user_key::INT AS user_key,
  scoped_entries.xp::BIGINT AS xp,
  scoped_entries.last_xp_at::TIMESTAMP AS last_xp_at,
  scoped_entries.tie_order::INT AS tie_order
FROM scoped_entries
