"""Count and checksum per UTC day, of a source table and of its raw table: days that differ are copied again.

Both sides compute one whole number per row from the checksum columns (id; id and updated_at) and sum it.
The sum does not depend on the order of rows, so a day is equal only when it holds the same rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from datetime import date

import duckdb
import pyarrow as pa

from ingest.columns import Kind, TableSpec
from ingest.schema import TableFit
from ingest.source import Source
from ingest.warehouse import quoted, registered

# The last 12 hexadecimal digits of a UUID and microseconds since 1970, as BIGINT, in each dialect.
_POSTGRES = {
    Kind.BIGINT: "{0}::bigint",
    Kind.UUID: "('x' || right({0}::text, 12))::bit(48)::bigint",
    Kind.TIMESTAMP: "(extract(epoch FROM {0}) * 1000000)::bigint",
}
_DUCKDB = {
    Kind.BIGINT: "CAST({0} AS BIGINT)",
    Kind.UUID: "CAST('0x' || right(CAST({0} AS VARCHAR), 12) AS BIGINT)",
    Kind.TIMESTAMP: "epoch_us({0})",
}


class Fingerprints:
    """Asks the source, on a connection of its own, while tables are being loaded."""

    def __init__(self, answers: dict[str, Future[pa.Table]]) -> None:
        self._answers = answers

    def differing(self, connection: duckdb.DuckDBPyConnection, spec: TableSpec) -> list[date]:
        """UTC days on which raw (with what is withheld of it) and source differ."""
        sql = f"""
            WITH ours AS (
                SELECT utc_date, sum(row_count) AS row_count, sum(checksum) AS checksum
                FROM ({_ours(spec)} UNION ALL SELECT utc_date, row_count, checksum
                      FROM raw.withheld WHERE table_name = $1)
                GROUP BY utc_date
            )
            SELECT coalesce(ours.utc_date, theirs.utc_date)
            FROM ours FULL JOIN ingest_theirs AS theirs ON theirs.utc_date = ours.utc_date
            WHERE theirs.row_count IS DISTINCT FROM ours.row_count
                OR CAST(theirs.checksum AS DECIMAL(38, 0)) IS DISTINCT FROM ours.checksum
            ORDER BY 1"""
        with registered(connection, "ingest_theirs", self._answers[spec.name].result()):
            return [row[0] for row in connection.execute(sql, [spec.name]).fetchall()]


@contextmanager
def asked(source: Source, fits: list[TableFit]) -> Iterator[Fingerprints]:
    """Put the question for these tables; answers are waited for when they are used."""
    with ExitStack() as stack:
        # A standby shares no snapshot: there the answers are all in before loading begins.
        own = stack.enter_context(source.share()) if source.snapshot.name else source
        executor = stack.enter_context(ThreadPoolExecutor(max_workers=1))
        stack.callback(executor.shutdown, cancel_futures=True)
        answers = {fit.spec.name: executor.submit(_ask, own, fit.spec) for fit in fits}
        if own is source:
            wait(answers.values())
        yield Fingerprints(answers)


def _ask(source: Source, spec: TableSpec) -> pa.Table:
    return source.query(
        f"SELECT {quoted(_source(spec, spec.day))}::date AS utc_date, count(*) AS row_count, "
        f"sum({_row(spec, _POSTGRES, ' # ')})::text AS checksum FROM {quoted(spec.name)} GROUP BY 1"
    )


def _ours(spec: TableSpec) -> str:
    return f"SELECT {day_totals(spec)} FROM raw.{quoted(spec.name)} GROUP BY 1"


def day_totals(spec: TableSpec) -> str:
    """Select list in DuckDB: UTC date, rows, checksum; to be grouped by the first."""
    row = _row(spec, _DUCKDB, ", ")
    row = f"xor({row})" if len(spec.checksum) == 2 else row
    return (
        f"CAST({quoted(spec.day or '')} AS DATE) AS utc_date, count(*) AS row_count, "
        f"CAST(sum({row}) AS DECIMAL(38, 0)) AS checksum"
    )


def _row(spec: TableSpec, dialect: dict[Kind, str], separator: str) -> str:
    parts = [dialect[spec.column(name).kind].format(quoted(_source(spec, name))) for name in spec.checksum]
    return separator.join(parts)


def _source(spec: TableSpec, name: str | None) -> str:
    return spec.column(name or "").source
