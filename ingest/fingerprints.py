"""Count and checksum per block of ids, of a source table and of its raw table; what differs is copied again.

Once all rows that were written since the last batch are here (horizons), a block holds the same rows on both
sides if it holds as many: nothing is at the source that is not here. PostgreSQL counts its own. In the same
pass it tells which blocks of ids hold such rows: these are few, and read whole like those that differ.

Otherwise both sides compute one number of 31 bits per row from the checksum columns and sum it. The sum does
not depend on the order of rows, so a block is equal only when it holds the same rows. These columns are read
and summed here: PostgreSQL takes twice as long to compute the sums as to send what they are made of.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from queue import SimpleQueue

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from ingest.blocks import block_of, is_by_person, read_block, source_block, with_keys
from ingest.columns import Kind, TableSpec
from ingest.horizons import IS_NEW
from ingest.read import Settings, read_columns
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
_FIGURES = ("row_count", "checksum")
_NEW = "new_count"
# To read a row again by the index and compare it costs as much as to ask forty rows of a scan for their age.
_READ_IN_VAIN = 1 / 40


@dataclass(frozen=True)
class Question:
    """One table: counts alone, when the rows written since the last batch can be told by the condition `since`."""

    fit: TableFit
    since: Condition | None


@dataclass(frozen=True)
class _Block:
    """Its number, whether both sides differ, and the source's rows in it, with those that are new."""

    number: int
    differs: bool
    rows: int
    new: int


class Fingerprints:
    """Asks the source, on connections of its own, while tables are being loaded."""

    def __init__(self, answers: dict[str, Future[pa.Table]]) -> None:
        self._answers = answers

    def __contains__(self, spec: TableSpec) -> bool:
        """Whether the table is compared at all."""
        return spec.name in self._answers

    def differing(self, connection: duckdb.DuckDBPyConnection, spec: TableSpec) -> list[int]:
        """Blocks in which raw (with what is withheld of it) and source differ."""
        return [block.number for block in self._compared(connection, spec) if block.differs]

    def holding_new(self, connection: duckdb.DuckDBPyConnection, spec: TableSpec) -> list[int] | None:
        """Blocks that differ or hold rows written since the last batch: others are the same on both sides.

        None where that is not known, or where the new rows are too scattered to read their blocks whole.
        """
        theirs = self._answers[spec.name].result()
        if _NEW not in theirs.column_names:
            return None
        blocks = self._compared(connection, spec)
        in_vain = sum(block.rows - block.new for block in blocks if block.new)
        is_scattered = in_vain > _READ_IN_VAIN * pc.sum(theirs["row_count"]).as_py()
        return None if is_scattered else [block.number for block in blocks]

    def _compared(self, connection: duckdb.DuckDBPyConnection, spec: TableSpec) -> list[_Block]:
        """Blocks that differ, and those that hold new rows as far as that was asked."""
        theirs = self._answers[spec.name].result()
        figures = [name for name in _FIGURES if name in theirs.column_names]
        new = f"coalesce(theirs.{_NEW}, 0)" if _NEW in theirs.column_names else "0"
        sums = ", ".join(f"sum({figure}) AS {figure}" for figure in figures)
        differs = " OR ".join(f"theirs.{figure} IS DISTINCT FROM ours.{figure}" for figure in figures)
        sql = f"""
            WITH ours AS (
                SELECT block, {sums}
                FROM ({_ours(spec, figures)} UNION ALL SELECT block, {", ".join(figures)}
                      FROM raw.withheld WHERE table_name = $1)
                GROUP BY block
            )
            SELECT coalesce(ours.block, theirs.block), {differs}, coalesce(theirs.row_count, 0), {new}
            FROM ours FULL JOIN {with_keys(spec, "ingest_theirs")} AS theirs ON theirs.block = ours.block
            WHERE {differs} OR {new} > 0
            ORDER BY 1"""
        with registered(connection, "ingest_theirs", theirs):
            return [_Block(*row) for row in connection.execute(sql, [spec.name]).fetchall()]


@contextmanager
def asked(source: Source, questions: list[Question]) -> Iterator[Fingerprints]:
    """Put these questions, the longest first; answers are waited for when they are used."""
    with ExitStack() as stack:
        # A standby shares no snapshot: there the answers are all in before loading begins.
        is_shared = bool(source.snapshot.name)
        free: SimpleQueue[Source] = SimpleQueue()
        for _ in range(ASKERS if is_shared else 1):
            free.put(stack.enter_context(source.share()) if is_shared else source)
        executor = stack.enter_context(ThreadPoolExecutor(max_workers=free.qsize()))
        stack.callback(executor.shutdown, cancel_futures=True)
        answers = {one.fit.spec.name: executor.submit(_ask, free, one) for one in _in_order(questions)}
        if not is_shared:
            wait(answers.values())
        yield Fingerprints(answers)


def _in_order(questions: list[Question]) -> list[Question]:
    """The largest table first, as it takes the longest; the others as they are loaded."""
    largest = max(questions, key=lambda one: one.fit.found.pages if one.fit.found else 0, default=None)
    return sorted(questions, key=lambda one: one is not largest)


def _ask(free: SimpleQueue[Source], question: Question) -> pa.Table:
    source = free.get()
    try:
        if question.since is None:
            return _totals(source, question.fit)
        return _counts(source, question.fit, question.since[1])
    finally:
        free.put(source)


def _counts(source: Source, fit: TableFit, settings: Settings) -> pa.Table:
    """block, row_count of the source's rows; of blocks of ids the number of those that are new as well."""
    spec, table = fit.spec, quoted(fit.spec.name)
    counts = f"SELECT {source_block(spec)} AS block, count(*) AS row_count"
    if spec.block is not None and not is_by_person(spec):
        new = f"count(*) FILTER (WHERE {IS_NEW}) AS {_NEW}"
        return source.query(f"{counts}, {new} FROM {table} GROUP BY 1", settings=settings)
    # UUIDs as text: there are few, and Arrow's own type is not what the driver gives.
    block = "block::text AS block" if is_by_person(spec) else "block"
    return source.query(f"SELECT {block}, row_count FROM ({counts} FROM {table} GROUP BY 1) AS counted")


def _totals(source: Source, fit: TableFit) -> pa.Table:
    """block, row_count, checksum of the source's rows. In a database of its own: the warehouse is busy."""
    spec = fit.spec
    names = dict.fromkeys([*spec.checksum, spec.block or spec.checksum[0]])
    block, kind = read_block(spec)
    with duckdb.connect(config={"threads": 1}) as own:
        own.execute(f"CREATE TABLE totals (block {kind}, row_count BIGINT, checksum BIGINT)")
        add = f"INSERT INTO totals SELECT {_totals_by(block, spec)} FROM ingest_rows GROUP BY 1"
        for batch in read_columns(source, fit, [spec.column(name) for name in names]):
            with registered(own, "ingest_rows", pa.Table.from_batches([batch])):
                own.execute(add)
        sums = ", ".join(f"CAST(sum({name}) AS BIGINT) AS {name}" for name in _FIGURES)
        return own.execute(f"SELECT block, {sums} FROM totals GROUP BY block").to_arrow_table()


def _ours(spec: TableSpec, figures: Sequence[str]) -> str:
    return f"SELECT {block_totals(spec, figures)} FROM raw.{quoted(spec.name)} GROUP BY 1"


def block_totals(spec: TableSpec, figures: Sequence[str] = _FIGURES) -> str:
    """Select list in DuckDB, of rows of raw: block and these figures of it; to be grouped by the first."""
    return _totals_by(block_of(spec), spec, figures)


def _totals_by(block: str, spec: TableSpec, figures: Sequence[str] = _FIGURES) -> str:
    numbers = ", ".join(_NUMBER[spec.column(name).kind].format(quoted(name)) for name in spec.checksum)
    expressions = {
        "row_count": "count(*)",
        "checksum": f"CAST(sum(xor({numbers}) & {_BITS}) AS BIGINT)" if numbers else "0",
    }
    listed = ", ".join(f"{expressions[figure]} AS {figure}" for figure in figures)
    return f"{block} AS block, {listed}"
