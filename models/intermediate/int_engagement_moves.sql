MODEL (
  name intermediate.int_engagement_moves,
  kind VIEW,
  description 'One row per school and date with users whose first active date it is, who are back after an absence, or whose last date before one it is. An absence counts from when it leaves a window of WAU, of MAU, and the window of MAU before that; shorter ones change nothing.',
  grain (school_key, move_date)
);

WITH arrivals AS (
  SELECT
    int_engagement_returns.school_key,
    int_engagement_returns.return_date,
    SUM(int_engagement_returns.users) FILTER(WHERE
      int_engagement_returns.last_date IS NULL) AS first_users,
    SUM(int_engagement_returns.users) FILTER(WHERE
      NOT int_engagement_returns.last_date IS NULL) AS back_after_wau,
    SUM(int_engagement_returns.users) FILTER(WHERE
      int_engagement_returns.return_date > int_engagement_returns.last_date + @mau_days) AS back_after_mau,
    SUM(int_engagement_returns.users) FILTER(WHERE
      int_engagement_returns.return_date >= int_engagement_returns.last_date + 2 * @mau_days) AS back_after_dormancy
  FROM intermediate.int_engagement_returns
  WHERE
    int_engagement_returns.last_date IS NULL
    OR int_engagement_returns.return_date > int_engagement_returns.last_date + @wau_days
  GROUP BY
    int_engagement_returns.school_key,
    int_engagement_returns.return_date
), absences AS (
  SELECT
    int_engagement_returns.school_key,
    int_engagement_returns.last_date,
    int_engagement_returns.return_date,
    int_engagement_returns.users
  FROM intermediate.int_engagement_returns
  WHERE
    int_engagement_returns.return_date > int_engagement_returns.last_date + @wau_days
  UNION ALL
  SELECT
    int_users.school_key,
    int_activity_spans.end_date,
    NULL, /* who has not come back */
    COUNT(*)
  FROM intermediate.int_activity_spans
  INNER JOIN intermediate.int_users /* every active user is there */
    ON int_users.user_key = int_activity_spans.user_key
  WHERE
    int_activity_spans.next_start_date IS NULL
  GROUP BY
    int_users.school_key,
    int_activity_spans.end_date
), departures AS (
  SELECT
    absences.school_key,
    absences.last_date,
    SUM(absences.users) AS gone_beyond_wau,
    SUM(absences.users) FILTER(WHERE
      absences.return_date IS NULL
      OR absences.return_date > absences.last_date + @mau_days) AS gone_beyond_mau,
    SUM(absences.users) FILTER(WHERE
      absences.return_date IS NULL
      OR absences.return_date >= absences.last_date + 2 * @mau_days) AS gone_beyond_dormancy
  FROM absences
  GROUP BY
    absences.school_key,
    absences.last_date
)
SELECT
  COALESCE(arrivals.school_key, departures.school_key)::INT AS school_key,
  COALESCE(arrivals.return_date, departures.last_date)::DATE AS move_date,
  COALESCE(arrivals.first_users, 0)::INT AS first_users,
  COALESCE(arrivals.back_after_wau, 0)::INT AS back_after_wau,
  COALESCE(arrivals.back_after_mau, 0)::INT AS back_after_mau,
  COALESCE(arrivals.back_after_dormancy, 0)::INT AS back_after_dormancy,
  COALESCE(departures.gone_beyond_wau, 0)::INT AS gone_beyond_wau,
  COALESCE(departures.gone_beyond_mau, 0)::INT AS gone_beyond_mau,
  COALESCE(departures.gone_beyond_dormancy, 0)::INT AS gone_beyond_dormancy
FROM arrivals
FULL OUTER JOIN departures
  ON departures.school_key = arrivals.school_key
  AND departures.last_date = arrivals.return_date
