MODEL (
  name marts.dim_date,
  kind FULL,
  description 'One row per calendar date from the first to the last date of any row, with ISO weeks.',
  grain date_day,
  audits (
    unique_values(columns := (
      date_day
    )),
    not_null(
      columns := (
        date_day,
        iso_year,
        iso_week,
        week_start_date,
        month_start_date,
        weekday,
        is_weekend
      )
    ),
    accepted_range("column" := iso_week, min_v := 1, max_v := 53),
    accepted_range("column" := weekday, min_v := 1, max_v := 7)
  ),
  column_descriptions (
    date_day = 'The date',
    iso_year = 'Year of the ISO week, which differs from the calendar year around 1 January',
    iso_week = 'ISO week, 1..53',
    week_start_date = 'Monday of the week',
    month_start_date = 'First day of the month',
    weekday = '1 Monday .. 7 Sunday',
    is_weekend = 'Saturday or Sunday'
  )
);

WITH weeks AS (
  SELECT
    zone_day.utc_date AS date_day,
    DATE_TRUNC('WEEK', zone_day.utc_date)::DATE AS week_start_date
  FROM staging.stg_zone_days AS zone_day
  WHERE
    zone_day.zone = 'UTC'
), thursdays AS (
  SELECT
    weeks.date_day,
    weeks.week_start_date,
    weeks.week_start_date + 3 AS thursday /* an ISO week belongs to the year of its Thursday */
  FROM weeks
)
SELECT
  thursdays.date_day::DATE AS date_day,
  EXTRACT(YEAR FROM thursdays.thursday)::INT AS iso_year,
  CAST(DATE_DIFF('DAY', DATE_TRUNC('YEAR', thursdays.thursday)::DATE, thursdays.thursday) // 7 + 1 AS INT) AS iso_week,
  thursdays.week_start_date::DATE AS week_start_date,
  DATE_TRUNC('MONTH', thursdays.date_day)::DATE AS month_start_date,
  CAST(DATE_DIFF('DAY', thursdays.week_start_date, thursdays.date_day) + 1 AS INT) AS weekday,
  CAST(DATE_DIFF('DAY', thursdays.week_start_date, thursdays.date_day) >= 5 AS BOOLEAN) AS is_weekend
FROM thursdays
