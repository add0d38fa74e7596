"""raw.horizons: how far each table has been read, in the order of the source's transactions.

PostgreSQL keeps with each row the id of the transaction that wrote it (xmin), an update being a new row.
So what was written since the last batch can be asked for, whatever its moments say. Ids mean the same only
within one run of one server: after a restart, which every restore or failover is too, a table is compared
in full once.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from ingest.errors import SourceError
from ingest.schema import TableFit
from ingest.source import Source
from ingest.watermarks import Condition

# Ids have 32 bits and go round: only the last two thousand million can be told from later ones.
_COMPARABLE = 2_000_000_000
_RUN = """
SELECT database.oid || ' ' || pg_postmaster_start_time() AS history,
       pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS oldest,
       pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS newest
FROM pg_database AS database
WHERE database.datname = current_database()
"""
# Holds for a row at the source that was written since. age() counts back from now and is negative where the
# row was written before the ids went round: without the sign that is long ago.
IS_NEW = "(age(xmin) & 2147483647) <= (SELECT age(current_setting('schoolhouse.since')::xid))"


@dataclass(frozen=True)
class _Run:
    """One run of the server: all transactions before `oldest` had ended, those from `newest` on not begun."""

    history: str
    oldest: int
    newest: int


class Horizons:
    """The horizons of the last batch, and that of this one."""

    def __init__(self, source: Source) -> None:
        self._run = _run(source)

    def since(self, connection: duckdb.DuckDBPyConnection, fit: TableFit) -> Condition | None:
        """The rows written since the table was last read; None when only a full comparison can tell."""
        history = self._history(fit)
        sql = "SELECT xid FROM raw.horizons WHERE table_name = $1 AND history = $2"
        row = connection.execute(sql, [fit.spec.name, history]).fetchone()
        if row is None or self._run is None or self._run.newest - row[0] > _COMPARABLE:
            return None
        return f"WHERE {IS_NEW}", {"since": str(row[0] % 2**32)}

    def store(self, connection: duckdb.DuckDBPyConnection, fit: TableFit, batch_id: int) -> None:
        """Remember that the table holds all that this batch's transaction sees."""
        connection.execute("DELETE FROM raw.horizons WHERE table_name = $1", [fit.spec.name])
        history = self._history(fit)
        if self._run is not None and history is not None:
            connection.execute(
                "INSERT INTO raw.horizons VALUES ($1, $2, $3, $4)",
                [fit.spec.name, history, self._run.oldest, batch_id],
            )

    def _history(self, fit: TableFit) -> str | None:
        """What must be the same as last time for ids to tell all that is new.

        A table of another oid may hold rows older than our horizon, a new column with a default is not
        written to the rows.
        """
        if self._run is None or fit.found is None or fit.found.heap is None:
            return None
        numbers = sorted(
            fit.found.columns[name].number for name in fit.spec.source_columns if name not in fit.missing
        )
        return f"{self._run.history} {fit.found.heap} {numbers}"


def _run(source: Source) -> _Run | None:
    """None where it cannot be known: on a standby, on a server that has no such functions."""
    if source.snapshot.name is None:
        return None
    try:
        # On a connection of its own: an error ends the transaction.
        with source.share() as own:
            return _Run(**own.query(_RUN).to_pylist()[0])
    except SourceError:
        return None
