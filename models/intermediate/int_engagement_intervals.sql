MODEL (
  name intermediate.int_engagement_intervals,
  kind VIEW,
  description 'One row per user, measure and stretch of dates from_date up to, not including, to_date on which the user counts in that measure. The stretches of one user and measure never overlap, so that their number is an exact distinct count.'
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
), intervals AS (
  SELECT
    spans.school_key,
    'wau' AS measure,
    spans.start_date AS from_date,
    LEAST(
      spans.end_date + @wau_days,
      COALESCE(spans.next_start_date, spans.end_date + @wau_days)
    ) AS to_date
  FROM spans
  UNION ALL
  SELECT
    spans.school_key,
    'mau',
    spans.start_date,
    LEAST(
      spans.end_date + @mau_days,
      COALESCE(spans.next_start_date, spans.end_date + @mau_days)
    )
  FROM spans
  UNION ALL
  SELECT
    spans.school_key,
    'dormant',
    spans.end_date + @mau_days,
    LEAST(
      spans.end_date + 2 * @mau_days,
      COALESCE(spans.next_start_date, spans.end_date + 2 * @mau_days)
    )
  FROM spans
  UNION ALL
  SELECT
    spans.school_key,
    'new',
    spans.start_date,
    spans.start_date + @mau_days
  FROM spans
  WHERE
    spans.previous_end_date IS NULL
  UNION ALL
  SELECT
    spans.school_key,
    'returning',
    GREATEST(spans.start_date, spans.previous_end_date + @mau_days),
    LEAST(spans.start_date + @mau_days, spans.previous_end_date + 2 * @mau_days)
  FROM spans
  WHERE
    NOT spans.previous_end_date IS NULL
  UNION ALL
  /* within a run each date is followed by the next: the window before begins where this one does */
  SELECT
    spans.school_key,
    'returning',
    spans.start_date + @mau_days,
    spans.end_date + @mau_days
  FROM spans
  UNION ALL
  SELECT
    spans.school_key,
    'resurrected',
    GREATEST(spans.start_date, spans.previous_end_date + 2 * @mau_days),
    spans.start_date + @mau_days
  FROM spans
  WHERE
    NOT spans.previous_end_date IS NULL
)
SELECT
  intervals.school_key::INT AS school_key,
  intervals.measure::TEXT AS measure,
  intervals.from_date::DATE AS from_date,
  intervals.to_date::DATE AS to_date
FROM intervals
WHERE
  intervals.from_date < intervals.to_date
