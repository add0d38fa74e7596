"""The read-only HTTP API: it opens published snapshots and imports neither ingest nor pipeline."""
