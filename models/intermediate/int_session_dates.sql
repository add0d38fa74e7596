MODEL (
  name intermediate.int_session_dates,
  kind VIEW,
  description 'One row per local date that fct_user_day has to read in this run; is_built marks those that can change: the touched dates, their neighbours, and what a session over several whole days reaches.',
  grain activity_date
);

WITH touched_dates AS (
  SELECT
    stg_build_dates.activity_date
  FROM staging.stg_build_dates
  WHERE
    stg_build_dates.model_name = 'fct_user_day'
), spanned_dates AS (
  SELECT DISTINCT
    int_user_day.activity_date
  FROM intermediate.int_user_day
  WHERE
    int_user_day.run_count = 1
    AND int_user_day.run_microseconds >= 64800000000 /* 18 h: shorter than any local day without its two gaps */
), numbered_dates AS (
  SELECT
    spanned_dates.activity_date,
    spanned_dates.activity_date - ROW_NUMBER() OVER (ORDER BY spanned_dates.activity_date)::INT AS island
  FROM spanned_dates
), islands AS (
  SELECT
    numbered_dates.activity_date,
    MIN(numbered_dates.activity_date) OVER (PARTITION BY numbered_dates.island) AS first_date,
    MAX(numbered_dates.activity_date) OVER (PARTITION BY numbered_dates.island) AS last_date
  FROM numbered_dates
), reaches AS (
  SELECT
    COALESCE(islands.first_date, touched_dates.activity_date) - 1 AS from_date,
    touched_dates.activity_date + 1 AS to_date
  FROM touched_dates
  LEFT JOIN islands
    ON islands.activity_date = touched_dates.activity_date - 1
), built_dates AS (
  SELECT DISTINCT
    zone_day.utc_date AS activity_date
  FROM staging.stg_zone_days AS zone_day
  INNER JOIN reaches /* drops the dates that cannot change */
    ON zone_day.utc_date BETWEEN reaches.from_date AND reaches.to_date
  WHERE
    zone_day.zone = 'UTC'
), contexts AS (
  SELECT
    built_dates.activity_date - 1 AS from_date,
    COALESCE(islands.last_date, built_dates.activity_date) + 1 AS to_date
  FROM built_dates
  LEFT JOIN islands
    ON islands.activity_date = built_dates.activity_date + 1
)
SELECT DISTINCT
  zone_day.utc_date::DATE AS activity_date,
  CAST(NOT built_dates.activity_date IS NULL AS BOOLEAN) AS is_built
FROM staging.stg_zone_days AS zone_day
INNER JOIN contexts /* drops the dates that need not be read */
  ON zone_day.utc_date BETWEEN contexts.from_date AND contexts.to_date
LEFT JOIN built_dates
  ON built_dates.activity_date = zone_day.utc_date
WHERE
  zone_day.zone = 'UTC'
