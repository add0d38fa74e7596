"""From the operational PostgreSQL to DuckDB raw: one snapshot, Arrow batches, incremental and restartable."""
