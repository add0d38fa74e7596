MODEL (
  name intermediate.int_window_scopes,
  kind VIEW,
  description 'One row per scope, time range and school whose rows count in it, with the first and last local date of the window. The windows of a school end on its today, those of the platform on the UTC date of as_of.',
  grain (scope, time_range, school_key)
);

WITH time_ranges AS (
  SELECT
    'day' AS time_range,
    @day_window_days AS window_days
  UNION ALL
  SELECT
    'week',
    @week_window_days
  UNION ALL
  SELECT
    'month',
    @month_window_days
  UNION ALL
  SELECT
    'year',
    @year_window_days
), scopes AS (
  SELECT
    'school' AS scope,
    int_schools.school_key AS scope_key,
    int_schools.school_key,
    int_schools.today_date AS to_date
  FROM intermediate.int_schools
  UNION ALL
  SELECT
    'platform',
    0,
    int_schools.school_key,
    int_schools.as_of_date
  FROM intermediate.int_schools
)
SELECT
  scopes.scope::TEXT AS scope,
  scopes.scope_key::INT AS scope_key,
  time_ranges.time_range::TEXT AS time_range,
  scopes.school_key::INT AS school_key,
  CAST(scopes.to_date - time_ranges.window_days + 1 AS DATE) AS from_date,
  scopes.to_date::DATE AS to_date
FROM scopes
CROSS JOIN time_ranges
