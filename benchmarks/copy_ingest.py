"""Child of benchmarks/ingest.py: `ingest` of a whole source; the seconds of the table `analytics`."""

import json
import sys
import time

import duckdb

from ingest import ingest

MEMORY_LIMIT = "256MB"


def main(url: str, target: str) -> None:
    """Print {"seconds", "rows"}; committed and checkpointed."""
    connection = duckdb.connect(target, config={"threads": 2, "memory_limit": MEMORY_LIMIT})
    table = ingest(connection, url).table("analytics")
    started = time.perf_counter()
    connection.execute("CHECKPOINT")
    seconds = table.seconds + time.perf_counter() - started
    print(json.dumps({"seconds": seconds, "rows": table.rows_total}))


if __name__ == "__main__":
    main(*sys.argv[1:])
