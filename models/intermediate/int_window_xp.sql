MODEL (
  name intermediate.int_window_xp,
  kind FULL,
  description 'One row per timeframe and leaderboard participant with XP above 0 in that window.',
  grain (timeframe, user_key)
);

WITH participant_days AS (
  SELECT
    int_user_day.user_key,
    int_user_day.xp,
    int_user_day.last_xp_at,
    DATE_DIFF('DAY', int_user_day.activity_date, int_users.today_date) AS days_ago
  FROM intermediate.int_user_day
  INNER JOIN intermediate.int_users /* participants only */
    ON int_users.user_key = int_user_day.user_key
    AND int_users.is_leaderboard_participant
), timeframes AS (
  SELECT
    'day' AS timeframe,
    @day_window_days AS window_days
  UNION ALL
  SELECT
    'week',
    @week_window_days
  UNION ALL
  SELECT
    'month',
    @month_window_days
  UNION ALL
  SELECT
    'year',
    @year_window_days
), windows AS (
  SELECT
    timeframes.timeframe,
    participant_days.user_key,
    SUM(participant_days.xp) AS xp,
    MAX(participant_days.last_xp_at) AS last_xp_at
  FROM participant_days
  INNER JOIN timeframes /* the windows that the date lies in */
    ON participant_days.days_ago < timeframes.window_days
  GROUP BY
    timeframes.timeframe,
    participant_days.user_key
  UNION ALL
  SELECT
    'all',
    participant_days.user_key,
    SUM(participant_days.xp),
    MAX(participant_days.last_xp_at)
  FROM participant_days
  GROUP BY
    participant_days.user_key
)
SELECT
  windows.timeframe::TEXT AS timeframe,
  windows.user_key::INT AS user_key,
  windows.xp::BIGINT AS xp,
  windows.last_xp_at::TIMESTAMP AS last_xp_at
FROM windows
WHERE
  windows.xp > 0
