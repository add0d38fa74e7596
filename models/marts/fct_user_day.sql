MODEL (
  name marts.fct_user_day,
  kind INCREMENTAL_UNMANAGED,
  table_format iceberg,
  depends_on (
    marts.dim_school,
    marts.dim_user,
    raw.analytics,
    raw.lessons,
    raw.users,
    staging.stg_batch,
    staging.stg_build_days
  ),
  description 'One row per user and active local date.',
  grain (user_key, activity_date),
  audits (
    unique_by_blocks(
      keys := (
        user_key
      ),
      number := DATE_DIFF('DAY', '1970-01-01'::DATE, activity_date)
    ),
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
    school_is_that_of_the_user,
    every_event_is_accounted_for
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
    last_event_at = 'Last event of the date (UTC)'
  )
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

@IF(
  @runtime_stage = 'evaluating',
  DELETE FROM @this_model AS day
  WHERE
    EXISTS(
      SELECT
        1
      FROM intermediate.int_session_days AS session_day
      WHERE
        session_day.user_key = day.user_key
        AND session_day.activity_date = day.activity_date
    )
);

SELECT
  int_session_days.user_key::INT AS user_key,
  int_session_days.activity_date::DATE AS activity_date,
  int_users.school_key::INT AS school_key,
  int_session_days.event_count::INT AS event_count,
  int_session_days.xp::BIGINT AS xp,
  int_session_days.lesson_count::INT AS lesson_count,
  int_session_days.view_count::INT AS view_count,
  int_session_days.session_count::INT AS session_count,
  CAST(int_session_days.session_microseconds::DECIMAL(18, 0) * 0.000001 AS DECIMAL(18, 6)) AS session_seconds,
  int_session_days.first_event_at::TIMESTAMP AS first_event_at,
  int_session_days.last_event_at::TIMESTAMP AS last_event_at
FROM intermediate.int_session_days
INNER JOIN intermediate.int_users /* every active user is there */
  ON int_users.user_key = int_session_days.user_key;

@IF(
  @runtime_stage = 'evaluating',
  MERGE INTO @this_model AS fact
  USING intermediate.int_users AS person
  ON person.user_key = fact.user_key AND person.school_key <> fact.school_key
  WHEN MATCHED THEN UPDATE SET
    school_key = person.school_key /* Who moved to another school takes all days along: the dates stay, the key changes. */
)
