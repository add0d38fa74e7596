"""What another engine than DuckDB reads and writes: Parquet in a folder or an object store."""
