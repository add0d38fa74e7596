"""Count and checksum per block of ids, of a source table and of its raw table; what differs is copied again.

Both sides compute one number of 31 bits per row from the checksum columns and sum it. The sum does not depend
on the order of rows, so a block is equal only when it holds the same rows. A block is 1,024 whole numbers in
a row, or the 1/65,536 of the UUIDs with the same end: few rows, since one that is gone costs its whole block.

The checksum columns of the source are read and summed here: PostgreSQL takes twice as long to compute the
sums as to send what they are made of.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from queue import SimpleQueue

import duckdb
import pyarrow as pa

from ingest.columns import Kind, TableSpec
from ingest.read import read_columns
from ingest.schema import TableFit
from ingest.source import Source
from ingest.warehouse import quoted, registered
from ingest.watermarks import Condition

ASKERS = 2
# The last 8 hexadecimal digits of a UUID and microseconds since 1970, as BIGINT.
_NUMBER = {
    Kind.BIGINT: "CAST({0} AS BIGINT)",
    Kind.UUID: "CAST('0x' || right(CAST({0} AS VARCHAR), 8) AS BIGINT)",
    Kind.TIMESTAMP: "epoch_us({0})",
}
_BITS = 2**31 - 1
_BLOCK_BITS = 10
_BLOCK = {Kind.BIGINT: f"({{0}} >> {_BLOCK_BITS})", Kind.UUID: "({0} & 65535)"}
# The same in PostgreSQL. Byte by byte: by way of text it takes five times as long.
_POSTGRES_BLOCK = {
    Kind.BIGINT: _BLOCK[Kind.BIGINT].format("{0}::bigint"),
    Kind.UUID: "((get_byte(uuid_send({0}), 14) << 8) | get_byte(uuid_send({0}), 15))::bigint",
}


class Fingerprints:
    """Asks the source, on connections of its own, while tables are being loaded."""

    def __init__(self, answers: dict[str, Future[pa.Table]]) -> None:
        self._answers = answers

    def differing(self, connection: duckdb.DuckDBPyConnection, spec: TableSpec) -> list[int]:
        """Blocks in which raw (with what is withheld of it) and source differ."""
        sql = f"""
            WITH ours AS (
                SELECT block, sum(row_count) AS row_count, sum(checksum) AS checksum
                FROM ({_ours(spec)} UNION ALL SELECT block, row_count, checksum
                      FROM raw.withheld WHERE table_name = $1)
                GROUP BY block
            )
            SELECT coalesce(ours.block, theirs.block)
            FROM ours FULL JOIN ingest_theirs AS theirs ON theirs.block = ours.block
            WHERE theirs.row_count IS DISTINCT FROM ours.row_count
                OR theirs.checksum IS DISTINCT FROM ours.checksum
            ORDER BY 1"""
        with registered(connection, "ingest_theirs", self._answers[spec.name].result()):
            return [row[0] for row in connection.execute(sql, [spec.name]).fetchall()]


@contextmanager
def asked(source: Source, fits: list[TableFit]) -> Iterator[Fingerprints]:
    """Put the question for these tables; answers are waited for when they are used."""
    with ExitStack() as stack:
        # A standby shares no snapshot: there the answers are all in before loading begins.
        is_shared = bool(source.snapshot.name)
        free: SimpleQueue[Source] = SimpleQueue()
        for _ in range(ASKERS if is_shared else 1):
            free.put(stack.enter_context(source.share()) if is_shared else source)
        executor = stack.enter_context(ThreadPoolExecutor(max_workers=free.qsize()))
        stack.callback(executor.shutdown, cancel_futures=True)
        answers = {fit.spec.name: executor.submit(_ask, free, fit) for fit in fits}
        if not is_shared:
            wait(answers.values())
        yield Fingerprints(answers)


def _ask(free: SimpleQueue[Source], fit: TableFit) -> pa.Table:
    source = free.get()
    try:
        return _theirs(source, fit)
    finally:
        free.put(source)


def _theirs(source: Source, fit: TableFit) -> pa.Table:
    """block, row_count, checksum of the source's rows. In a database of its own: the warehouse is busy."""
    columns = tuple(fit.spec.column(name) for name in fit.spec.checksum)
    with duckdb.connect(config={"threads": 1}) as own:
        own.execute("CREATE TABLE totals (block BIGINT, row_count BIGINT, checksum BIGINT)")
        add = f"INSERT INTO totals SELECT {block_totals(fit.spec)} FROM ingest_rows GROUP BY 1"
        for batch in read_columns(source, fit, columns):
            with registered(own, "ingest_rows", pa.Table.from_batches([batch])):
                own.execute(add)
        sums = ", ".join(f"CAST(sum({name}) AS BIGINT) AS {name}" for name in ("row_count", "checksum"))
        return own.execute(f"SELECT block, {sums} FROM totals GROUP BY block").to_arrow_table()


def _ours(spec: TableSpec) -> str:
    return f"SELECT {block_totals(spec)} FROM raw.{quoted(spec.name)} GROUP BY 1"


def block_totals(spec: TableSpec) -> str:
    """Select list in DuckDB: block, rows, checksum; to be grouped by the first."""
    numbers = ", ".join(_NUMBER[spec.column(name).kind].format(quoted(name)) for name in spec.checksum)
    return (
        f"{block_of(spec)} AS block, count(*) AS row_count, "
        f"CAST(sum(xor({numbers}) & {_BITS}) AS BIGINT) AS checksum"
    )


def block_of(spec: TableSpec) -> str:
    """The block of a row, in DuckDB."""
    column = spec.column(spec.block or "")
    return _BLOCK[column.kind].format(_NUMBER[column.kind].format(quoted(column.name)))


def in_blocks(fit: TableFit, blocks: Sequence[int]) -> Condition:
    """Rows of these blocks."""
    spec, settings = fit.spec, {"blocks": f"{{{','.join(map(str, blocks))}}}"}
    column = spec.column(spec.block or "")
    name = quoted(column.source)
    wanted = "unnest(current_setting('schoolhouse.blocks')::bigint[])"
    if column.kind is Kind.BIGINT and fit.found and fit.found.is_unique({column.source}):
        # A block is a range of ids: the source finds it through the index.
        low, high = f"wanted.block << {_BLOCK_BITS}", f"(wanted.block + 1) << {_BLOCK_BITS}"
        return f"JOIN {wanted} AS wanted (block) ON {name} >= {low} AND {name} < {high}", settings
    # In a subquery: as a plain expression the list would be parsed again for every row.
    return f"WHERE {_POSTGRES_BLOCK[column.kind].format(name)} IN (SELECT {wanted})", settings
