"""All SQL of the API: every function takes the snapshot, the caller's scope and parameters."""
