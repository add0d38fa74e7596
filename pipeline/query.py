"""Read-only access to the marts of one snapshot for the command line. The identity file stays closed."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb

from api.manifest import MARTS_FILE
from pipeline.errors import UsageError
from pipeline.screen import say, show_table

TABLE_ROWS = 200
BATCH = 10_000
IN_UTC = "SET TimeZone = 'UTC'"


def run_query(folder: Path, query: str, output: str) -> None:
    """Run one query and write its rows to stdout as `table`, `csv` or `json` (an array of objects).

    Raises UsageError when DuckDB refuses the query.
    """
    with duckdb.connect(str(folder / MARTS_FILE), read_only=True) as connection:
        connection.execute(IN_UTC)
        try:
            result = connection.execute(query)
            columns = [column[0] for column in result.description or ()]
            _WRITERS[output](result, columns)
        except duckdb.Error as error:
            raise UsageError(str(error), hint="`schoolhouse sql 'SHOW TABLES'` lists the marts.") from None


def open_shell(folder: Path) -> int:
    """DuckDB's own shell on the marts, read-only; returns its exit code."""
    import duckdb_cli  # type: ignore[import-untyped]

    shell = Path(duckdb_cli.__file__).with_name("duckdb")
    command = [str(shell), "-readonly", "-cmd", IN_UTC, str(folder / MARTS_FILE)]
    return subprocess.run(command, check=False).returncode  # noqa: S603 - the binary of our own wheel


def _rows(result: duckdb.DuckDBPyConnection) -> Iterator[tuple[object, ...]]:
    while batch := result.fetchmany(BATCH):
        yield from batch


def _table(result: duckdb.DuckDBPyConnection, columns: list[str]) -> None:
    rows = result.fetchmany(TABLE_ROWS + 1)
    show_table("", columns, rows[:TABLE_ROWS])
    if len(rows) > TABLE_ROWS:
        say(f"Only the first {TABLE_ROWS} rows are shown; --format csv writes all of them.")


def _csv(result: duckdb.DuckDBPyConnection, columns: list[str]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(_rows(result))


def _json(result: duckdb.DuckDBPyConnection, columns: list[str]) -> None:
    sys.stdout.write("[")
    for number, row in enumerate(_rows(result)):
        sys.stdout.write(",\n " if number else "\n ")
        json.dump(dict(zip(columns, row, strict=True)), sys.stdout, default=str, ensure_ascii=False)
    sys.stdout.write("\n]\n")


_WRITERS = {"table": _table, "csv": _csv, "json": _json}
