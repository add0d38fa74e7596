"""Child of benchmarks/ingest.py, in an environment of its own: DuckDB's postgres extension."""

import json
import sys
import time
from importlib.resources import files
from pathlib import Path

import duckdb

COLUMNS = "id, user_id, event_type, lesson_id, xp_earned, created_at"


def main(url: str, target: str) -> None:
    """Print {"seconds", "rows"} of one CREATE TABLE AS with the columns that ingest reads; checkpointed."""
    connection = duckdb.connect(target, config={"threads": 2, "memory_limit": "256MB"})
    # The wheel brings the extension: nothing is downloaded.
    folder = Path(str(files("duckdb_extension_postgres_scanner"))) / "extensions"
    (extension,) = folder.rglob("*.duckdb_extension")
    connection.execute(f"LOAD '{extension}'")
    connection.execute(f"ATTACH '{url}' AS source (TYPE postgres, READ_ONLY)")
    started = time.perf_counter()
    connection.execute(f"CREATE TABLE analytics AS SELECT {COLUMNS} FROM source.public.analytics")
    connection.execute("CHECKPOINT")
    seconds = time.perf_counter() - started
    (rows,) = connection.execute("SELECT count(*) FROM analytics").fetchone()
    print(json.dumps({"seconds": seconds, "rows": rows}))


if __name__ == "__main__":
    main(*sys.argv[1:])
