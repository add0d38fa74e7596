MODEL (
  name intermediate.int_user_day,
  kind INCREMENTAL_UNMANAGED,
  table_format iceberg,
  depends_on (
    staging.stg_build_days
  ),
  description 'One row per user and active local date, from the events of that date alone. A run is the part of a session within the date: int_session_days joins runs over midnight.',
  grain (user_key, activity_date)
);

@IF(
  @runtime_stage = 'evaluating',
  DELETE FROM @this_model AS day
  WHERE
    EXISTS(
      SELECT
        1
      FROM staging.stg_build_days AS build_day
      WHERE
        build_day.user_key = day.user_key AND build_day.activity_date = day.activity_date
    )
);

WITH events AS (
  SELECT
    int_build_events.event_id,
    int_build_events.user_key,
    int_build_events.activity_date,
    int_build_events.lesson_key,
    int_build_events.xp_earned,
    int_build_events.created_at,
    @microseconds(int_build_events.created_at) AS at_microseconds
  FROM intermediate.int_build_events
), gaps AS (
  SELECT
    events.user_key,
    events.activity_date,
    events.lesson_key,
    events.xp_earned,
    events.created_at,
    events.at_microseconds - LAG(events.at_microseconds) OVER by_time AS gap_before,
    (
      LEAD(events.at_microseconds) OVER by_time
    ) - events.at_microseconds AS gap_after /* Spark reads by_time-events as one name */
  FROM events
  WINDOW by_time AS (
    PARTITION BY events.user_key, events.activity_date
    ORDER BY events.created_at, events.event_id
  )
)
SELECT
  gaps.user_key::INT AS user_key,
  gaps.activity_date::DATE AS activity_date,
  COUNT(*)::INT AS event_count,
  SUM(gaps.xp_earned)::BIGINT AS xp,
  COUNT(DISTINCT gaps.lesson_key)::INT AS lesson_count,
  COUNT(gaps.lesson_key)::INT AS view_count,
  COUNT(*) FILTER(WHERE
    gaps.gap_before IS NULL OR gaps.gap_before > @session_gap_seconds * 1000000)::INT AS run_count,
  COALESCE(
    SUM(gaps.gap_before) FILTER(WHERE
      gaps.gap_before <= @session_gap_seconds * 1000000),
    0
  )::BIGINT AS run_microseconds,
  MIN(gaps.created_at)::TIMESTAMP AS first_event_at,
  MIN(gaps.created_at) FILTER(WHERE
    gaps.gap_after IS NULL OR gaps.gap_after > @session_gap_seconds * 1000000)::TIMESTAMP AS first_run_end_at,
  MAX(gaps.created_at)::TIMESTAMP AS last_event_at,
  MAX(gaps.created_at) FILTER(WHERE
    gaps.xp_earned > 0)::TIMESTAMP AS last_xp_at
FROM gaps
GROUP BY
  gaps.user_key,
  gaps.activity_date
