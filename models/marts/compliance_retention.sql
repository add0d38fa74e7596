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
  /* the moment is found once a table, not once a row */
  SELECT
    retention_limits.source_table,
    retention_limits.limit_days,
    stg_batch.as_of - retention_limits.limit_days * INTERVAL '24' HOUR AS kept_until
  FROM seeds.retention_limits
  CROSS JOIN staging.stg_batch
), users AS (
  SELECT
    user_key,
    school_key
  FROM marts.dim_user
), schools AS (
  SELECT
    school_key
  FROM marts.dim_school
), per_person AS (
  /* inner: a table without a limit has nothing to be overdue; grouped before the join, since events are many */
  SELECT
    row_ages.source_table,
    row_ages.user_key,
    row_ages.school_key,
    COUNT(*) AS rows_total,
    COUNT(*) FILTER(WHERE
      row_ages.kept_from < limits.kept_until) AS rows_overdue,
    MIN(row_ages.kept_from) AS oldest_at
  FROM intermediate.int_compliance_row_ages AS row_ages
  INNER JOIN limits
    ON limits.source_table = row_ages.source_table
  GROUP BY
    row_ages.source_table,
    row_ages.user_key,
    row_ages.school_key
), per_school AS (
  SELECT
    per_person.source_table,
    COALESCE(schools.school_key, 0) AS school_key,
    SUM(per_person.rows_total) AS rows_total,
    SUM(per_person.rows_overdue) AS rows_overdue,
    MIN(per_person.oldest_at) AS oldest_at
  FROM per_person
  LEFT JOIN users
    ON users.user_key = per_person.user_key
  LEFT JOIN schools
    ON schools.school_key = COALESCE(per_person.school_key, users.school_key)
  GROUP BY
    per_person.source_table,
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
