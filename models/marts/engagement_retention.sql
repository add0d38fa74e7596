MODEL (
  name marts.engagement_retention,
  kind FULL,
  depends_on (
    marts.dim_school
  ),
  description 'One row per school, cohort of learners (ISO week of the first active local date) and week since, the current one included.',
  grain (school_key, cohort_week, week_number),
  audits (
    unique_combination_of_columns(columns := (school_key, cohort_week, week_number)),
    not_null(columns := (school_key, cohort_week, week_number, cohort_size)),
    references_dim_school,
    forall(
      criteria := (
        week_number >= 0,
        cohort_size > 0,
        active_learners IS NULL OR active_learners <= cohort_size,
        week_number > 0 OR active_learners IS NULL OR active_learners = cohort_size
      )
    )
  ),
  column_descriptions (
    school_key = 'School of the learners',
    cohort_week = 'Monday of the ISO week of the first active local date',
    week_number = 'Weeks since the cohort week, 0 is that week itself',
    cohort_size = 'Learners of the cohort',
    active_learners = 'Learners of the cohort with an event in the week; NULL while the week has not ended',
    retention_rate = 'active_learners / cohort_size; NULL while the week has not ended'
  )
);

WITH user_weeks AS (
  SELECT DISTINCT
    fct_user_day.user_key,
    DATE_TRUNC('WEEK', fct_user_day.activity_date)::DATE AS active_week
  FROM marts.fct_user_day
), active_counts AS (
  SELECT
    dim_user.school_key,
    DATE_TRUNC('WEEK', dim_user.first_active_date)::DATE AS cohort_week,
    user_weeks.active_week,
    COUNT(*) AS active_learners
  FROM user_weeks
  INNER JOIN marts.dim_user /* learners only */
    ON dim_user.user_key = user_weeks.user_key AND dim_user.is_learner
  GROUP BY
    dim_user.school_key,
    DATE_TRUNC('WEEK', dim_user.first_active_date)::DATE,
    user_weeks.active_week
), cells AS (
  SELECT
    sizes.school_key,
    sizes.cohort_week,
    sizes.active_learners AS cohort_size,
    dim_date.date_day AS cell_week,
    int_schools.today_date
  FROM active_counts AS sizes
  INNER JOIN intermediate.int_schools /* every school is there */
    ON int_schools.school_key = sizes.school_key
  INNER JOIN marts.dim_date /* the Mondays from the cohort week to today */
    ON dim_date.date_day BETWEEN sizes.cohort_week AND int_schools.today_date
    AND dim_date.weekday = 1
  WHERE
    sizes.active_week = sizes.cohort_week
), counted_cells AS (
  SELECT
    cells.school_key,
    cells.cohort_week,
    cells.cell_week,
    cells.cohort_size,
    CASE
      WHEN cells.cell_week + 7 <= cells.today_date
      THEN COALESCE(active_counts.active_learners, 0)
    END AS active_learners
  FROM cells
  LEFT JOIN active_counts
    ON active_counts.school_key = cells.school_key
    AND active_counts.cohort_week = cells.cohort_week
    AND active_counts.active_week = cells.cell_week
)
SELECT
  counted_cells.school_key::INT AS school_key,
  counted_cells.cohort_week::DATE AS cohort_week,
  CAST(DATE_DIFF('DAY', counted_cells.cohort_week, counted_cells.cell_week) // 7 AS INT) AS week_number,
  counted_cells.cohort_size::INT AS cohort_size,
  counted_cells.active_learners::INT AS active_learners,
  CAST(counted_cells.active_learners::DOUBLE / counted_cells.cohort_size AS DOUBLE) AS retention_rate
FROM counted_cells
