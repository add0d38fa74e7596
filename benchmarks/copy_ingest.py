"""Child of benchmarks/ingest.py: `ingest` of a whole source; the seconds of the table `analytics`."""

import json
import sys
import time

import duckdb

from ingest import ingest, inquire
from ingest.progress import Silent

MEMORY_LIMIT = "256MB"
TABLE = "analytics"


class Settled(Silent):
    """Checkpoints what the tables before it have left: `analytics` pays for its own rows only."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def finish(self, step: str, detail: str) -> None:
        """Hear that a table is complete."""
        super().finish(step, detail)
        if step != TABLE:
            self._connection.execute("CHECKPOINT")


def main(url: str, target: str) -> None:
    """Print {"seconds", "rows"}; committed and checkpointed."""
    connection = duckdb.connect(
        target, config={"threads": 2, "memory_limit": MEMORY_LIMIT, "preserve_insertion_order": False}
    )
    settled = Settled(connection)
    with inquire(url) as inquiry:
        table = ingest(connection, inquiry, report=settled).table(TABLE)
    started = time.perf_counter()
    connection.execute("CHECKPOINT")
    seconds = table.seconds + time.perf_counter() - started
    print(json.dumps({"seconds": seconds, "rows": table.rows_total}))


if __name__ == "__main__":
    main(*sys.argv[1:])
