"""What is asked about the source's blocks, on connections of their own, while tables are being loaded.

Counts are PostgreSQL's own. Ids and moments are read and summed here: PostgreSQL takes twice as long to
compute the sums as to send what they are made of.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from queue import SimpleQueue

import duckdb
import pyarrow as pa

from ingest.blocks import is_by_person, read_block, source_block
from ingest.fingerprints import FIGURES, NEW_COUNT, Fingerprints, totals_by
from ingest.horizons import IS_NEW
from ingest.read import Settings, read_columns
from ingest.schema import TableFit
from ingest.source import Source
from ingest.warehouse import quoted, registered
from ingest.watermarks import Condition

# One core is ours: while the source answers, SQLMesh is imported, and then tables are loaded.
ASKERS = min(2, max(1, (os.cpu_count() or 1) - 1))


@dataclass(frozen=True)
class Question:
    """One table. `since`: the rows written since the last batch, where known; then counts are enough."""

    fit: TableFit
    since: Condition | None


@contextmanager
def asked(source: Source, questions: list[Question]) -> Iterator[Fingerprints]:
    """Put these questions in their order; answers are waited for when they are used."""
    with ExitStack() as stack:
        # A standby shares no snapshot: there the answers are all in before loading begins.
        is_shared = bool(source.snapshot.name)
        free: SimpleQueue[Source] = SimpleQueue()
        for _ in range(ASKERS if is_shared else 1):
            free.put(stack.enter_context(source.share()) if is_shared else source)
        executor = stack.enter_context(ThreadPoolExecutor(max_workers=free.qsize()))
        stack.callback(executor.shutdown, cancel_futures=True)
        answers = {one.fit.spec.name: executor.submit(_ask, free, one) for one in questions}
        if not is_shared:
            wait(answers.values())
        yield Fingerprints(answers)


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
        new = f"count(*) FILTER (WHERE {IS_NEW}) AS {NEW_COUNT}"
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
        add = f"INSERT INTO totals SELECT {totals_by(block, spec)} FROM ingest_rows GROUP BY 1"
        for batch in read_columns(source, fit, [spec.column(name) for name in names]):
            with registered(own, "ingest_rows", pa.Table.from_batches([batch])):
                own.execute(add)
        sums = ", ".join(f"CAST(sum({name}) AS BIGINT) AS {name}" for name in FIGURES)
        return own.execute(f"SELECT block, {sums} FROM totals GROUP BY block").to_arrow_table()
