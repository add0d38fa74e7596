MODEL (
  name intermediate.int_session_days,
  kind FULL,
  description 'One row per user and active local date whose sessions can change in this run: the touched days, their neighbours, and what a session over several whole days reaches. Runs within the dates are joined over midnight.',
  grain (user_key, activity_date)
);

WITH near_dates AS (
  SELECT DISTINCT
    stg_build_days.user_key,
    stg_build_days.activity_date + days_away.days_away AS activity_date
  FROM staging.stg_build_days
  CROSS JOIN (
    SELECT
      UNNEST([-2, -1, 0, 1, 2]) AS days_away /* two: a zone can leave out a date when it changes sides */
  ) AS days_away
), days AS (
  SELECT
    int_user_day.user_key,
    int_user_day.activity_date,
    int_user_day.event_count,
    int_user_day.xp,
    int_user_day.lesson_count,
    int_user_day.view_count,
    int_user_day.run_count,
    int_user_day.run_microseconds,
    int_user_day.first_event_at,
    int_user_day.last_event_at,
    CASE WHEN near_dates.user_key IS NULL THEN 0 ELSE 1 END AS is_near,
    @microseconds(int_user_day.first_event_at) AS first_event,
    @microseconds(int_user_day.first_run_end_at) AS first_run_end,
    @microseconds(int_user_day.last_event_at) AS last_event
  FROM intermediate.int_user_day
  LEFT JOIN near_dates
    ON near_dates.user_key = int_user_day.user_key
    AND near_dates.activity_date = int_user_day.activity_date
  WHERE
    int_user_day.user_key IN (
      SELECT
        stg_build_days.user_key
      FROM staging.stg_build_days
    )
), linked_days AS (
  SELECT
    days.*,
    COALESCE(
      days.first_event - LAG(days.last_event) OVER by_date <= @session_gap_seconds * 1000000,
      FALSE
    ) AS continues_a_session,
    LAG(days.run_count) OVER by_date AS previous_run_count,
    COALESCE(
      (
        LEAD(days.first_event) OVER by_date
      ) - days.last_event <= @session_gap_seconds * 1000000,
      FALSE
    ) AS is_continued,
    COALESCE(LEAD(days.is_near) OVER by_date, 0) AS is_next_near
  FROM days
  WINDOW by_date AS (PARTITION BY days.user_key ORDER BY days.activity_date)
), chained_days AS (
  SELECT
    linked_days.*,
    SUM(
      CASE
        WHEN linked_days.continues_a_session AND linked_days.previous_run_count = 1
        THEN 0
        ELSE 1
      END
    ) OVER (PARTITION BY linked_days.user_key ORDER BY linked_days.activity_date) AS chain
  FROM linked_days
  WHERE
    linked_days.is_near = 1
    OR linked_days.is_next_near = 1
    OR linked_days.continues_a_session
    OR linked_days.is_continued /* of the others, nothing can change: most days of a user are alone */
), reaching_days AS (
  SELECT
    chained_days.*,
    MAX(chained_days.first_run_end) OVER by_chain AS first_session_end,
    MAX(chained_days.is_near) OVER by_chain AS is_chain_near
  FROM chained_days
  WINDOW by_chain AS (PARTITION BY chained_days.user_key, chained_days.chain)
), days_with_next AS (
  SELECT
    reaching_days.*,
    reaching_days.run_count = 1 AND reaching_days.continues_a_session AS is_inside_a_session,
    GREATEST(
      reaching_days.is_chain_near,
      COALESCE(LEAD(reaching_days.is_chain_near) OVER by_date, 0)
    ) AS can_change,
    CASE
      WHEN LEAD(reaching_days.continues_a_session) OVER by_date
      THEN LEAD(reaching_days.first_session_end) OVER by_date
      ELSE reaching_days.last_event
    END AS last_session_end
  FROM reaching_days
  WINDOW by_date AS (PARTITION BY reaching_days.user_key ORDER BY reaching_days.activity_date)
)
SELECT
  days_with_next.user_key::INT AS user_key,
  days_with_next.activity_date::DATE AS activity_date,
  days_with_next.event_count::INT AS event_count,
  days_with_next.xp::BIGINT AS xp,
  days_with_next.lesson_count::INT AS lesson_count,
  days_with_next.view_count::INT AS view_count,
  CAST(days_with_next.run_count - CASE WHEN days_with_next.continues_a_session THEN 1 ELSE 0 END AS INT) AS session_count,
  CAST(days_with_next.run_microseconds - CASE
    WHEN days_with_next.continues_a_session
    THEN days_with_next.first_run_end - days_with_next.first_event
    ELSE 0
  END + CASE
    WHEN days_with_next.is_inside_a_session
    THEN 0
    ELSE days_with_next.last_session_end - days_with_next.last_event
  END AS BIGINT) AS session_microseconds,
  days_with_next.first_event_at::TIMESTAMP AS first_event_at,
  days_with_next.last_event_at::TIMESTAMP AS last_event_at
FROM days_with_next
WHERE
  days_with_next.can_change = 1
