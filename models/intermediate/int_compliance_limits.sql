MODEL (
  name intermediate.int_compliance_limits,
  kind VIEW,
  description 'One row per source table with a retention limit: rows whose time began before kept_until are overdue.',
  grain source_table
);

SELECT
  retention_limits.source_table::TEXT AS source_table,
  retention_limits.limit_days::INT AS limit_days,
  CAST(stg_batch.as_of - retention_limits.limit_days * INTERVAL '24' HOUR AS TIMESTAMP) AS kept_until
FROM seeds.retention_limits
CROSS JOIN staging.stg_batch
