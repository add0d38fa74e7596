MODEL (
  name marts.platform_daily,
  kind FULL,
  description 'One row per local date of any school, all schools together: the sums of engagement_daily and content_daily.',
  grain activity_date,
  audits (
    unique_values(columns := (
      activity_date
    )),
    not_null(
      columns := (
        activity_date,
        active_users,
        wau,
        mau,
        activities,
        xp,
        sessions,
        views,
        progress_rows,
        progress_sum,
        completions,
        attempts_completed,
        score_sum
      )
    ),
    forall(
      criteria := (active_users <= wau, wau <= mau, progress_sum <= 100 * progress_rows)
    )
  ),
  column_descriptions (
    activity_date = 'Local date in each of the schools',
    active_users = 'Distinct users with an event on the date (DAU): a user is in one school',
    wau = 'Distinct users with an event on the date or the 6 before it',
    mau = 'Distinct users with an event on the date or the 27 before it',
    activities = 'Events',
    xp = 'Sum of the XP earned',
    sessions = 'Sessions that began on the date',
    views = 'Events with a lesson',
    progress_rows = 'Progress rows last updated on the date',
    progress_sum = 'Sum of their progress percentages',
    completions = 'Completed lessons with completed_at on the date',
    attempts_completed = 'Attempts completed on the date',
    score_sum = 'Sum of their scores'
  )
);

WITH days AS (
  SELECT
    engagement_daily.activity_date,
    engagement_daily.active_users,
    engagement_daily.wau,
    engagement_daily.mau,
    engagement_daily.activities,
    engagement_daily.xp,
    engagement_daily.sessions,
    0 AS views,
    0 AS progress_rows,
    0 AS progress_sum,
    0 AS completions,
    0 AS attempts_completed,
    0 AS score_sum
  FROM marts.engagement_daily
  UNION ALL
  SELECT
    content_daily.activity_date,
    0,
    0,
    0,
    0,
    0,
    0,
    content_daily.views,
    content_daily.progress_rows,
    content_daily.progress_sum,
    content_daily.completions,
    content_daily.attempts_completed,
    content_daily.score_sum
  FROM marts.content_daily
)
SELECT
  days.activity_date::DATE AS activity_date,
  SUM(days.active_users)::INT AS active_users,
  SUM(days.wau)::INT AS wau,
  SUM(days.mau)::INT AS mau,
  SUM(days.activities)::BIGINT AS activities,
  SUM(days.xp)::BIGINT AS xp,
  SUM(days.sessions)::BIGINT AS sessions,
  SUM(days.views)::BIGINT AS views,
  SUM(days.progress_rows)::INT AS progress_rows,
  SUM(days.progress_sum)::DECIMAL(18, 2) AS progress_sum,
  SUM(days.completions)::BIGINT AS completions,
  SUM(days.attempts_completed)::INT AS attempts_completed,
  SUM(days.score_sum)::DECIMAL(18, 2) AS score_sum
FROM days
GROUP BY
  days.activity_date
