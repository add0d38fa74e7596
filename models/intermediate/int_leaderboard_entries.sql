MODEL (
  name intermediate.int_leaderboard_entries,
  kind VIEW,
  description 'One row per timeframe, scope and participant, before ranking. board_key numbers the boards, each a timeframe and a scope; place and step are the unique place and the number of the XP, best first, among all participants of the timeframe: integers that order every board.',
  grain (timeframe, scope, scope_key, user_key)
);

WITH entries AS (
  SELECT
    int_window_xp.timeframe,
    CASE int_window_xp.timeframe
      WHEN 'day'
      THEN 0
      WHEN 'week'
      THEN 1
      WHEN 'month'
      THEN 2
      WHEN 'year'
      THEN 3
      ELSE 4
    END AS timeframe_number,
    int_window_xp.user_key,
    int_window_xp.xp,
    int_users.school_key,
    ROW_NUMBER() OVER (
      PARTITION BY int_window_xp.timeframe
      ORDER BY int_window_xp.xp DESC, int_window_xp.last_xp_at, int_users.tie_order
    )::INT AS place,
    DENSE_RANK() OVER (PARTITION BY int_window_xp.timeframe ORDER BY int_window_xp.xp DESC)::INT AS step
  FROM intermediate.int_window_xp
  LEFT JOIN intermediate.int_users
    ON int_users.user_key = int_window_xp.user_key
), scoped_entries AS (
  SELECT
    entries.timeframe,
    'global' AS scope,
    0 AS scope_key,
    entries.timeframe_number AS board_key,
    entries.user_key,
    entries.xp,
    entries.place,
    entries.step
  FROM entries
  UNION ALL
  SELECT
    entries.timeframe,
    'school',
    entries.school_key,
    entries.timeframe_number + 15 * entries.school_key + 5,
    entries.user_key,
    entries.xp,
    entries.place,
    entries.step
  FROM entries
  UNION ALL
  SELECT
    entries.timeframe,
    'class',
    int_class_learners.class_key,
    entries.timeframe_number + 15 * int_class_learners.class_key + 10,
    entries.user_key,
    entries.xp,
    entries.place,
    entries.step
  FROM entries
  INNER JOIN intermediate.int_class_learners /* the enrolled */
    ON int_class_learners.user_key = entries.user_key
)
SELECT
  scoped_entries.timeframe::TEXT AS timeframe,
  scoped_entries.scope::TEXT AS scope,
  scoped_entries.scope_key::INT AS scope_key,
  scoped_entries.board_key::INT AS board_key,
  scoped_entries.user_key::INT AS user_key,
  scoped_entries.xp::BIGINT AS xp,
  scoped_entries.place::INT AS place,
  scoped_entries.step::INT AS step
FROM scoped_entries
