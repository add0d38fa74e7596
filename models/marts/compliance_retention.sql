MODEL (
  name marts.compliance_retention,
  kind FULL,
  depends_on (
    marts.dim_school
  ),
  description 'One row per source table with a retention limit and school: rows that are kept longer than the limit (GDPR Art. 5(1)(e)).',
  grain (source_table, school_key),
  audits (
    references_dim_school,
    UNIQUE_COMBINATION_OF_COLUMNS(columns := (source_table, school_key)),
    NOT_NULL(columns := (source_table, school_key, limit_days, rows_total, rows_overdue)),
    FORALL(criteria := (
      rows_overdue <= rows_total
    ))
  ),
  column_descriptions (
    source_table = 'Table of the operational database',
    school_key = 'School of the rows; unassigned (0) without one',
    limit_days = 'Days that a row may be kept',
    rows_total = 'Rows up to as_of, orphans left out',
    rows_overdue = 'Rows whose age at as_of exceeds the limit by any amount',
    oldest_at = 'Moment that the time of the oldest row counts from, UTC; null without rows'
  )
);

WITH limits AS (
  SELECT
    source_table,
    limit_days,
    kept_until
  FROM intermediate.int_compliance_limits
), schools AS (
  SELECT
    school_key
  FROM marts.dim_school
), per_place AS (
  /* inner: a table without a limit has nothing to be overdue; grouped before the next join, since rows are many */
  SELECT
    row_ages.source_table,
    row_ages.school_key,
    SUM(row_ages.row_count) AS rows_total,
    SUM(
      CASE WHEN row_ages.kept_from < limits.kept_until THEN row_ages.row_count ELSE 0 END
    ) AS rows_overdue,
    MIN(row_ages.kept_from) AS oldest_at
  FROM intermediate.int_compliance_row_ages AS row_ages
  INNER JOIN limits
    ON limits.source_table = row_ages.source_table
  GROUP BY
    row_ages.source_table,
    row_ages.school_key
), per_school AS (
  SELECT
    per_place.source_table,
    COALESCE(schools.school_key, 0) AS school_key,
    SUM(per_place.rows_total) AS rows_total,
    SUM(per_place.rows_overdue) AS rows_overdue,
    MIN(per_place.oldest_at) AS oldest_at
  FROM per_place
  LEFT JOIN schools
    ON schools.school_key = per_place.school_key
  GROUP BY
    per_place.source_table,
    COALESCE(schools.school_key, 0)
)
SELECT
  limits.source_table::TEXT AS source_table,
  schools.school_key::INT AS school_key,
  limits.limit_days::INT AS limit_days,
  COALESCE(per_school.rows_total, 0)::BIGINT AS rows_total,
  COALESCE(per_school.rows_overdue, 0)::BIGINT AS rows_overdue,
  per_school.oldest_at::TIMESTAMP AS oldest_at
FROM limits
CROSS JOIN schools
LEFT JOIN per_school
  ON per_school.source_table = limits.source_table
  AND per_school.school_key = schools.school_key
