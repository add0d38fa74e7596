MODEL (
  name intermediate.int_engagement_returns,
  kind FULL,
  description 'One row per school, local date that begins a run of active dates, and the last active date of those users before it (NULL for their first run).',
  grain (school_key, return_date, last_date)
);

SELECT
  int_users.school_key::INT AS school_key,
  int_activity_spans.start_date::DATE AS return_date,
  int_activity_spans.previous_end_date::DATE AS last_date,
  COUNT(*)::INT AS users
FROM intermediate.int_activity_spans
INNER JOIN intermediate.int_users /* every active user is there */
  ON int_users.user_key = int_activity_spans.user_key
GROUP BY
  int_users.school_key,
  int_activity_spans.start_date,
  int_activity_spans.previous_end_date
