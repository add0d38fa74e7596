"""Count and checksum per block of ids, of a source table and of its raw table; what differs is copied again.

Once all rows that were written since the last batch are here (horizons), a block holds the same rows on both
sides if it holds as many: nothing is at the source that is not here. Blocks of ids are told together with
the new rows that they hold: they are few, and read whole like those that differ.

Otherwise both sides compute one number of 31 bits per row from the checksum columns and sum it. The sum does
not depend on the order of rows, so a block is equal only when it holds the same rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from ingest.blocks import block_of, with_keys
from ingest.columns import Kind, TableSpec
from ingest.warehouse import quoted, registered

# The last 8 hexadecimal digits of a UUID and microseconds since 1970, as BIGINT.
_NUMBER = {
    Kind.BIGINT: "CAST({0} AS BIGINT)",
    Kind.UUID: "CAST('0x' || right(CAST({0} AS VARCHAR), 8) AS BIGINT)",
    Kind.TIMESTAMP: "epoch_us({0})",
}
_BITS = 2**31 - 1
FIGURES = ("row_count", "checksum")
NEW_COUNT = "new_count"
# To read a row again by the index and compare it costs as much as to ask forty rows of a scan for their age.
_READ_IN_VAIN = 1 / 40


@dataclass(frozen=True)
class _Block:
    """Its number, whether both sides differ, and the source's rows in it, with those that are new."""

    number: int
    differs: bool
    rows: int
    new: int


class Fingerprints:
    """What the source says of its blocks, as soon as it has said it, beside what raw holds."""

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
        if NEW_COUNT not in theirs.column_names or theirs["block"].null_count:
            return None
        blocks = self._compared(connection, spec)
        in_vain = sum(block.rows - block.new for block in blocks if block.new)
        is_scattered = in_vain > _READ_IN_VAIN * (pc.sum(theirs["row_count"]).as_py() or 0)
        return None if is_scattered else [block.number for block in blocks]

    def _compared(self, connection: duckdb.DuckDBPyConnection, spec: TableSpec) -> list[_Block]:
        """Blocks that differ, and those that hold new rows as far as that was asked."""
        theirs = self._answers[spec.name].result()
        figures = [name for name in FIGURES if name in theirs.column_names]
        new = f"coalesce(theirs.{NEW_COUNT}, 0)" if NEW_COUNT in theirs.column_names else "0"
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


def _ours(spec: TableSpec, figures: Sequence[str]) -> str:
    return f"SELECT {block_totals(spec, figures)} FROM raw.{quoted(spec.name)} GROUP BY 1"


def block_totals(spec: TableSpec, figures: Sequence[str] = FIGURES) -> str:
    """Select list in DuckDB, of rows of raw: block and these figures of it; to be grouped by the first."""
    return totals_by(block_of(spec), spec, figures)


def totals_by(block: str, spec: TableSpec, figures: Sequence[str] = FIGURES) -> str:
    """The same with the block given as SQL."""
    numbers = ", ".join(_NUMBER[spec.column(name).kind].format(quoted(name)) for name in spec.checksum)
    expressions = {
        "row_count": "count(*)",
        "checksum": f"CAST(sum(xor({numbers}) & {_BITS}) AS BIGINT)" if numbers else "0",
    }
    listed = ", ".join(f"{expressions[figure]} AS {figure}" for figure in figures)
    return f"{block} AS block, {listed}"
