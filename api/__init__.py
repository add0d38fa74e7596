"""The read-only HTTP API: it opens published snapshots and imports neither ingest nor pipeline."""

# Part of every ETag: raise it when the shape of an answer changes, so that clients drop their old copies.
CONTRACT_VERSION = "1"
BASE_PATH = "/api/v1"
