"""Child of benchmarks/ingest.py, in an environment of its own: dlt with its connectorx backend."""

import json
import os
import sys
import time
from urllib.parse import parse_qs, quote, urlsplit

os.environ |= {"RUNTIME__DLTHUB_TELEMETRY": "false", "RUNTIME__LOG_LEVEL": "ERROR"}

import dlt
import duckdb
from dlt.sources.sql_database import sql_table

COLUMNS = ["id", "user_id", "event_type", "lesson_id", "xp_earned", "created_at"]


def main(url: str, target: str) -> None:
    """Print {"seconds", "rows"} of one pipeline run with the columns that ingest reads."""
    started = time.perf_counter()
    table = sql_table(
        credentials=url.replace("postgresql://", "postgresql+psycopg2://", 1),
        table="analytics",
        schema="public",
        backend="connectorx",
        reflection_level="minimal",
        included_columns=COLUMNS,
        backend_kwargs={"return_type": "arrow", "conn": for_connectorx(url)},
    )
    destination = dlt.destinations.duckdb(target)
    dlt.pipeline(
        "bench", destination=destination, dataset_name="copied", pipelines_dir=f"{target}.pipelines"
    ).run(table)
    seconds = time.perf_counter() - started
    with duckdb.connect(target) as connection:
        (rows,) = connection.execute("SELECT count(*) FROM copied.analytics").fetchone()
    print(json.dumps({"seconds": seconds, "rows": rows}))


def for_connectorx(url: str) -> str:
    """The same server with its socket folder as the host, the only way connectorx takes one."""
    parts = urlsplit(url)
    socket = parse_qs(parts.query).get("host")
    return f"postgresql://postgres@{quote(socket[0], safe='')}{parts.path}" if socket else url


if __name__ == "__main__":
    main(*sys.argv[1:])
