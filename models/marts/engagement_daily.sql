MODEL (
  name marts.engagement_daily,
  kind FULL,
  depends_on (
    marts.dim_school
  ),
  description 'One row per school and local date, from the first active date of the school to its today (or the UTC date of as_of, if later), days without events included.',
  grain (school_key, activity_date),
  audits (
    unique_combination_of_columns(columns := (school_key, activity_date)),
    not_null(
      columns := (
        school_key,
        activity_date,
        active_users,
        wau,
        mau,
        activities,
        xp,
        sessions,
        new_users,
        returning_users,
        resurrected_users,
        dormant_users
      )
    ),
    references_dim_school,
    forall(criteria := (active_users <= wau, wau <= mau)),
    forall(criteria := (
      new_users + resurrected_users + returning_users = mau
    )),
    forall(
      criteria := (
        new_users >= 0,
        resurrected_users >= 0,
        returning_users >= 0,
        dormant_users >= 0,
        active_users >= 0
      )
    )
  ),
  column_descriptions (
    school_key = 'School; figures of the platform are sums over the schools of one date, for a user is in one school',
    activity_date = 'Local date of the events',
    active_users = 'Distinct users with an event on the date (DAU)',
    wau = 'Distinct users with an event on the date or the 6 before it',
    mau = 'Distinct users with an event on the date or the 27 before it',
    stickiness = 'active_users / mau; NULL when mau is 0',
    activities = 'Events',
    xp = 'Sum of the XP earned',
    sessions = 'Sessions that began on the date',
    new_users = 'Of mau: first ever active date within the 28 dates',
    returning_users = 'Of mau: active in the 28 dates before them, too',
    resurrected_users = 'Of mau: active before, but not in the 28 dates before',
    dormant_users = 'Users active in the 28 dates before, but not in these'
  )
);

WITH changes AS (
  /* read twice below, calculated once */
  SELECT
    int_engagement_changes.school_key,
    int_engagement_changes.change_date,
    int_engagement_changes.wau_change,
    int_engagement_changes.mau_change,
    int_engagement_changes.new_change,
    int_engagement_changes.returning_change,
    int_engagement_changes.resurrected_change,
    int_engagement_changes.dormant_change
  FROM intermediate.int_engagement_changes
), first_dates AS (
  SELECT
    changes.school_key,
    MIN(changes.change_date) AS first_date
  FROM changes
  GROUP BY
    changes.school_key
), calendar AS (
  SELECT
    int_schools.school_key,
    dim_date.date_day AS activity_date
  FROM intermediate.int_schools
  INNER JOIN first_dates /* a school without events has no figures */
    ON first_dates.school_key = int_schools.school_key
  INNER JOIN marts.dim_date /* the dates of the school */
    ON dim_date.date_day BETWEEN first_dates.first_date AND GREATEST(int_schools.today_date, int_schools.as_of_date)
), days AS (
  SELECT
    fct_user_day.school_key,
    fct_user_day.activity_date,
    COUNT(*) AS active_users,
    SUM(fct_user_day.event_count) AS activities,
    SUM(fct_user_day.xp) AS xp,
    SUM(fct_user_day.session_count) AS sessions
  FROM marts.fct_user_day
  GROUP BY
    fct_user_day.school_key,
    fct_user_day.activity_date
), windows AS (
  SELECT
    COALESCE(calendar.school_key, changes.school_key) AS school_key,
    COALESCE(calendar.activity_date, changes.change_date) AS activity_date,
    NOT calendar.activity_date IS NULL AS is_in_calendar,
    COALESCE(SUM(changes.wau_change) OVER by_date, 0) AS wau,
    COALESCE(SUM(changes.mau_change) OVER by_date, 0) AS mau,
    COALESCE(SUM(changes.new_change) OVER by_date, 0) AS new_users,
    COALESCE(SUM(changes.returning_change) OVER by_date, 0) AS returning_users,
    COALESCE(SUM(changes.resurrected_change) OVER by_date, 0) AS resurrected_users,
    COALESCE(SUM(changes.dormant_change) OVER by_date, 0) AS dormant_users
  FROM calendar
  FULL OUTER JOIN changes /* long ago the calendar has gaps, and a change in one must not be lost */
    ON changes.school_key = calendar.school_key
    AND changes.change_date = calendar.activity_date
  WINDOW by_date AS (
    PARTITION BY COALESCE(calendar.school_key, changes.school_key)
    ORDER BY COALESCE(calendar.activity_date, changes.change_date)
  )
)
SELECT
  windows.school_key::INT AS school_key,
  windows.activity_date::DATE AS activity_date,
  COALESCE(days.active_users, 0)::INT AS active_users,
  windows.wau::INT AS wau,
  windows.mau::INT AS mau,
  CAST(COALESCE(days.active_users, 0)::DOUBLE / NULLIF(windows.mau, 0) AS DOUBLE) AS stickiness,
  COALESCE(days.activities, 0)::BIGINT AS activities,
  COALESCE(days.xp, 0)::BIGINT AS xp,
  COALESCE(days.sessions, 0)::BIGINT AS sessions,
  windows.new_users::INT AS new_users,
  windows.returning_users::INT AS returning_users,
  windows.resurrected_users::INT AS resurrected_users,
  windows.dormant_users::INT AS dormant_users
FROM windows
LEFT JOIN days
  ON days.school_key = windows.school_key
  AND days.activity_date = windows.activity_date
WHERE
  windows.is_in_calendar
