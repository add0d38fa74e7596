"""Copy the operational PostgreSQL into the `raw` schema of the warehouse."""
