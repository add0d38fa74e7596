MODEL (
  name intermediate.int_engagement_moves,
  kind VIEW,
  description 'One row per school and date with users whose first active date it is, who are back after an absence, or whose last date before one it is. An absence counts from when it leaves a window of WAU, of MAU, and the window of MAU before that; shorter ones change nothing.',
  grain (school_key, move_date)
);

WITH spans AS (
  SELECT
    int_users.school_key,
    int_activity_spans.start_date,
    int_activity_spans.end_date,
    int_activity_spans.previous_end_date,
    int_activity_spans.next_start_date
  FROM intermediate.int_activity_spans
  INNER JOIN intermediate.int_users /* every active user is there */
    ON int_users.user_key = int_activity_spans.user_key
), arrivals AS (
  SELECT
    spans.school_key,
    spans.start_date,
    COUNT(*) FILTER(WHERE
      spans.previous_end_date IS NULL) AS first_users,
    COUNT(spans.previous_end_date) AS back_after_wau,
    COUNT(*) FILTER(WHERE
      spans.start_date > spans.previous_end_date + @mau_days) AS back_after_mau,
    COUNT(*) FILTER(WHERE
      spans.start_date >= spans.previous_end_date + 2 * @mau_days) AS back_after_dormancy
  FROM spans
  WHERE
    spans.previous_end_date IS NULL
    OR spans.start_date > spans.previous_end_date + @wau_days
  GROUP BY
    spans.school_key,
    spans.start_date
), departures AS (
  SELECT
    spans.school_key,
    spans.end_date,
    COUNT(*) AS gone_beyond_wau,
    COUNT(*) FILTER(WHERE
      spans.next_start_date IS NULL
      OR spans.next_start_date > spans.end_date + @mau_days) AS gone_beyond_mau,
    COUNT(*) FILTER(WHERE
      spans.next_start_date IS NULL
      OR spans.next_start_date >= spans.end_date + 2 * @mau_days) AS gone_beyond_dormancy
  FROM spans
  WHERE
    spans.next_start_date IS NULL
    OR spans.next_start_date > spans.end_date + @wau_days
  GROUP BY
    spans.school_key,
    spans.end_date
)
SELECT
  COALESCE(arrivals.school_key, departures.school_key)::INT AS school_key,
  COALESCE(arrivals.start_date, departures.end_date)::DATE AS move_date,
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
  AND departures.end_date = arrivals.start_date
