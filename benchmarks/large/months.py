"""How much of the large facts a night leaves as it was: whole months, told by a hash of their rows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb

FACTS = {
    "fct_user_day": "activity_date",
    "fct_lesson_progress": "updated_date",
    "fct_quiz_attempt": "completed_date",
}
MEMORY = "2GB"
COMPARE = """
SELECT count(*), count(*) FILTER (is_same), coalesce(sum(rows), 0), coalesce(sum(rows) FILTER (is_same), 0)
FROM (
    SELECT
        coalesce(before.rows = after.rows AND before.hashes = after.hashes, FALSE) AS is_same,
        coalesce(after.rows, 0) AS rows
    FROM ({before}) AS before FULL JOIN ({after}) AS after USING (month)
)
"""
MONTHS = """
SELECT date_trunc('month', {date}) AS month, count(*) AS rows, sum(hash(fact)) AS hashes
FROM {snapshot}.{fact} AS fact WHERE {date} IS NOT NULL GROUP BY ALL
"""


@dataclass(frozen=True)
class Unchanged:
    """A fact after a night: its months by `date`, those without any changed row, and the rows in both."""

    fact: str
    date: str
    months: int
    unchanged: int
    rows: int
    unchanged_rows: int


def unchanged_months(before: Path, after: Path) -> tuple[Unchanged, ...]:
    """Compare two snapshots' marts.duckdb. Rows without a date belong to no month."""
    with duckdb.connect(config={"memory_limit": MEMORY}) as connection:
        connection.execute(f"ATTACH '{before}' AS before (READ_ONLY)")
        connection.execute(f"ATTACH '{after}' AS after (READ_ONLY)")
        return tuple(_compare(connection, fact, date) for fact, date in FACTS.items())


def _compare(connection: duckdb.DuckDBPyConnection, fact: str, date: str) -> Unchanged:
    sides = {side: MONTHS.format(snapshot=side, fact=fact, date=date) for side in ("before", "after")}
    counts = connection.execute(COMPARE.format(**sides)).fetchall()[0]
    return Unchanged(fact, date, *(int(count) for count in counts))
