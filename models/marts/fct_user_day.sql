MODEL (
  name marts.fct_user_day,
  kind INCREMENTAL_BY_PARTITION,
  partitioned_by activity_date,
  depends_on (
    intermediate.int_events,
    marts.dim_school,
    marts.dim_user,
    raw.analytics,
    raw.lessons,
    raw.users,
    staging.stg_batch
  ),
  description 'One row per user and active local date.',
  grain (user_key, activity_date),
  audits (
    unique_combination_of_columns(columns := (user_key, activity_date)),
    not_null(
      columns := (
        user_key,
        activity_date,
        school_key,
        event_count,
        xp,
        lesson_count,
        view_count,
        session_count,
        session_seconds,
        first_event_at,
        last_event_at
      )
    ),
    references_dim_user,
    school_is_that_of_the_user,
    every_event_is_accounted_for,
    xp_equals_the_ledger
  ),
  column_descriptions (
    user_key = 'Key of the person, any role',
    activity_date = 'Local date in the time zone of the school of the person',
    school_key = 'School that the person is in now',
    event_count = 'Events on the date',
    xp = 'Sum of the XP earned, corrections included',
    lesson_count = 'Distinct lessons with an event',
    view_count = 'Events with a lesson',
    session_count = 'Sessions that began on the date: a gap of more than 30 minutes begins a new one',
    session_seconds = 'Length of those sessions, last minus first event, also past midnight',
    first_event_at = 'First event of the date (UTC)',
    last_event_at = 'Last event of the date (UTC)',
    last_xp_at = 'Last event of the date that earned XP (UTC), NULL without one'
  )
);

@IF(
  @runtime_stage = 'evaluating',
  DELETE FROM @this_model
  WHERE
    activity_date IN (
      SELECT
        int_session_dates.activity_date
      FROM intermediate.int_session_dates
      WHERE
        int_session_dates.is_built
    ) /* A date that lost its last row has none to overwrite the old ones. */
);

WITH days AS (
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
    int_user_day.last_xp_at,
    int_session_dates.is_built,
    @microseconds(int_user_day.first_event_at) AS first_event,
    @microseconds(int_user_day.first_run_end_at) AS first_run_end,
    @microseconds(int_user_day.last_event_at) AS last_event
  FROM intermediate.int_user_day
  INNER JOIN intermediate.int_session_dates /* drops the dates that this run need not read */
    ON int_session_dates.activity_date = int_user_day.activity_date
), linked_days AS (
  SELECT
    days.*,
    COALESCE(
      days.first_event - LAG(days.last_event) OVER (PARTITION BY days.user_key ORDER BY days.activity_date) <= @session_gap_seconds * 1000000,
      FALSE
    ) AS continues_a_session,
    LAG(days.run_count) OVER (PARTITION BY days.user_key ORDER BY days.activity_date) AS previous_run_count
  FROM days
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
), reaching_days AS (
  SELECT
    chained_days.*,
    MAX(chained_days.first_run_end) OVER (PARTITION BY chained_days.user_key, chained_days.chain) AS first_session_end
  FROM chained_days
), days_with_next AS (
  SELECT
    reaching_days.*,
    reaching_days.run_count = 1 AND reaching_days.continues_a_session AS is_inside_a_session,
    CASE
      WHEN LEAD(reaching_days.continues_a_session) OVER (PARTITION BY reaching_days.user_key ORDER BY reaching_days.activity_date)
      THEN LEAD(reaching_days.first_session_end) OVER (PARTITION BY reaching_days.user_key ORDER BY reaching_days.activity_date)
      ELSE reaching_days.last_event
    END AS last_session_end
  FROM reaching_days
)
SELECT
  days_with_next.user_key::INT AS user_key,
  days_with_next.activity_date::DATE AS activity_date,
  int_users.school_key::INT AS school_key,
  days_with_next.event_count::INT AS event_count,
  days_with_next.xp::BIGINT AS xp,
  days_with_next.lesson_count::INT AS lesson_count,
  days_with_next.view_count::INT AS view_count,
  CAST(days_with_next.run_count - CASE WHEN days_with_next.continues_a_session THEN 1 ELSE 0 END AS INT) AS session_count,
  CAST(CAST(days_with_next.run_microseconds - CASE
    WHEN days_with_next.continues_a_session
    THEN days_with_next.first_run_end - days_with_next.first_event
    ELSE 0
  END + CASE
    WHEN days_with_next.is_inside_a_session
    THEN 0
    ELSE days_with_next.last_session_end - days_with_next.last_event
  END AS DECIMAL(18, 0)) * 0.000001 AS DECIMAL(18, 6)) AS session_seconds,
  days_with_next.first_event_at::TIMESTAMP AS first_event_at,
  days_with_next.last_event_at::TIMESTAMP AS last_event_at,
  days_with_next.last_xp_at::TIMESTAMP AS last_xp_at
FROM days_with_next
INNER JOIN intermediate.int_users /* every active user is there */
  ON int_users.user_key = days_with_next.user_key
WHERE
  days_with_next.is_built;

@IF(
  @runtime_stage = 'evaluating',
  UPDATE @this_model AS fact SET school_key = person.school_key
  FROM intermediate.int_users AS person
  WHERE
    person.user_key = fact.user_key
    AND person.school_key <> fact.school_key /* Who moved to another school takes all days along: the dates stay, the key changes. */
)
