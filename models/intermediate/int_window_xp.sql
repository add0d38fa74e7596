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
), sums AS (
  SELECT
    participant_days.user_key,
    SUM(participant_days.xp) FILTER(WHERE
      participant_days.days_ago < @day_window_days) AS day_xp,
    MAX(participant_days.last_xp_at) FILTER(WHERE
      participant_days.days_ago < @day_window_days) AS day_last_xp_at,
    SUM(participant_days.xp) FILTER(WHERE
      participant_days.days_ago < @week_window_days) AS week_xp,
    MAX(participant_days.last_xp_at) FILTER(WHERE
      participant_days.days_ago < @week_window_days) AS week_last_xp_at,
    SUM(participant_days.xp) FILTER(WHERE
      participant_days.days_ago < @month_window_days) AS month_xp,
    MAX(participant_days.last_xp_at) FILTER(WHERE
      participant_days.days_ago < @month_window_days) AS month_last_xp_at,
    SUM(participant_days.xp) FILTER(WHERE
      participant_days.days_ago < @year_window_days) AS year_xp,
    MAX(participant_days.last_xp_at) FILTER(WHERE
      participant_days.days_ago < @year_window_days) AS year_last_xp_at,
    SUM(participant_days.xp) AS all_xp,
    MAX(participant_days.last_xp_at) AS all_last_xp_at
  FROM participant_days
  GROUP BY
    participant_days.user_key
), windows AS (
  SELECT
    'day' AS timeframe,
    sums.user_key,
    sums.day_xp AS xp,
    sums.day_last_xp_at AS last_xp_at
  FROM sums
  UNION ALL
  SELECT
    'week' AS timeframe,
    sums.user_key,
    sums.week_xp AS xp,
    sums.week_last_xp_at AS last_xp_at
  FROM sums
  UNION ALL
  SELECT
    'month' AS timeframe,
    sums.user_key,
    sums.month_xp AS xp,
    sums.month_last_xp_at AS last_xp_at
  FROM sums
  UNION ALL
  SELECT
    'year' AS timeframe,
    sums.user_key,
    sums.year_xp AS xp,
    sums.year_last_xp_at AS last_xp_at
  FROM sums
  UNION ALL
  SELECT
    'all' AS timeframe,
    sums.user_key,
    sums.all_xp AS xp,
    sums.all_last_xp_at AS last_xp_at
  FROM sums
)
SELECT
  windows.timeframe::TEXT AS timeframe,
  windows.user_key::INT AS user_key,
  windows.xp::BIGINT AS xp,
  windows.last_xp_at::TIMESTAMP AS last_xp_at
FROM windows
WHERE
  windows.xp > 0
