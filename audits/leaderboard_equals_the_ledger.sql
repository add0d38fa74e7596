AUDIT (
  name leaderboard_equals_the_ledger
);

WITH timeframes AS (
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
  UNION ALL
  SELECT
    'all',
    NULL
), ledger AS (
  SELECT
    timeframes.timeframe,
    fct_user_day.user_key,
    SUM(fct_user_day.xp) AS xp
  FROM marts.fct_user_day
  INNER JOIN marts.dim_user
    ON dim_user.user_key = fct_user_day.user_key AND dim_user.is_leaderboard_participant
  INNER JOIN marts.dim_school
    ON dim_school.school_key = dim_user.school_key
  INNER JOIN timeframes
    ON timeframes.window_days IS NULL
    OR fct_user_day.activity_date > dim_school.today_date - timeframes.window_days
  GROUP BY
    timeframes.timeframe,
    fct_user_day.user_key
  HAVING
    SUM(fct_user_day.xp) > 0
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
