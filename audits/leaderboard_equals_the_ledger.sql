AUDIT (
  name leaderboard_equals_the_ledger
);

WITH days AS (
  SELECT
    fct_user_day.user_key,
    fct_user_day.xp,
    DATE_DIFF('DAY', fct_user_day.activity_date, dim_school.today_date) AS days_ago
  FROM marts.fct_user_day
  INNER JOIN marts.dim_user
    ON dim_user.user_key = fct_user_day.user_key AND dim_user.is_leaderboard_participant
  INNER JOIN marts.dim_school
    ON dim_school.school_key = dim_user.school_key
), sums AS (
  SELECT
    days.user_key,
    SUM(CASE WHEN days.days_ago < @day_window_days THEN days.xp ELSE 0 END) AS day_xp,
    SUM(CASE WHEN days.days_ago < @week_window_days THEN days.xp ELSE 0 END) AS week_xp,
    SUM(CASE WHEN days.days_ago < @month_window_days THEN days.xp ELSE 0 END) AS month_xp,
    SUM(CASE WHEN days.days_ago < @year_window_days THEN days.xp ELSE 0 END) AS year_xp,
    SUM(days.xp) AS all_xp
  FROM days
  GROUP BY
    days.user_key
), ledger AS (
  SELECT
    'day' AS timeframe,
    sums.user_key,
    sums.day_xp AS xp
  FROM sums
  WHERE
    sums.day_xp > 0
  UNION ALL
  SELECT
    'week' AS timeframe,
    sums.user_key,
    sums.week_xp AS xp
  FROM sums
  WHERE
    sums.week_xp > 0
  UNION ALL
  SELECT
    'month' AS timeframe,
    sums.user_key,
    sums.month_xp AS xp
  FROM sums
  WHERE
    sums.month_xp > 0
  UNION ALL
  SELECT
    'year' AS timeframe,
    sums.user_key,
    sums.year_xp AS xp
  FROM sums
  WHERE
    sums.year_xp > 0
  UNION ALL
  SELECT
    'all' AS timeframe,
    sums.user_key,
    sums.all_xp AS xp
  FROM sums
  WHERE
    sums.all_xp > 0
), board AS (
  SELECT
    leaderboard.timeframe,
    leaderboard.user_key,
    leaderboard.xp
  FROM @this_model AS leaderboard
  WHERE
    leaderboard.scope = 'global'
)
SELECT
  COALESCE(ledger.timeframe, board.timeframe) AS timeframe,
  COALESCE(ledger.user_key, board.user_key) AS user_key
FROM ledger
FULL OUTER JOIN board
  ON board.timeframe = ledger.timeframe AND board.user_key = ledger.user_key
WHERE
  ledger.xp IS NULL OR board.xp IS NULL OR ledger.xp <> board.xp
