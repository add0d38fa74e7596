"""Who has left: gone from the users of the source, erased on request, or back out of a restored backup."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import duckdb
from pydantic import AwareDatetime

from api.manifest import Frozen
from pipeline.ledger import Ledger
from pipeline.rewrite import CATALOG
from pipeline.traces import count_rows

# What the last run knew, so that a missing user can be told from an orphan that never was one.
_PEOPLE = """
CREATE SCHEMA IF NOT EXISTS erasure;
CREATE TABLE IF NOT EXISTS erasure.people (user_key INTEGER);
CREATE TABLE IF NOT EXISTS erasure.ledger (state VARCHAR);
"""
_GONE = """
SELECT user_key FROM (SELECT user_key FROM erasure.people EXCEPT SELECT user_key FROM raw.users)
WHERE user_key IN (SELECT key FROM raw.key_users)
"""
_REQUESTED = """
SELECT known.key, requests.id::VARCHAR
FROM raw.data_subject_requests AS requests
CROSS JOIN raw.current_batch AS batch
LEFT JOIN raw.key_users AS known ON known.key = requests.user_key
WHERE requests.kind = 'erasure' AND requests.status = 'completed' AND requests.received_at <= batch.as_of
    AND (requests.completed_at IS NULL OR requests.completed_at <= batch.as_of)
"""


class Departure(Frozen):
    """A person to erase: key, hash of the id, why, for which requests, and the rows there were per table."""

    user_key: int
    subject: str
    reason: str
    request_ids: tuple[str, ...]
    rows_before: dict[str, int]


class Erasure(Frozen):
    """An erasure at work; its file is what a killed run leaves to the next one.

    `unlinked` are completed erasure requests that name nobody the warehouse knows.
    """

    started_at: AwareDatetime
    departures: tuple[Departure, ...] = ()
    unlinked: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not self.departures and not self.unlinked

    @property
    def user_keys(self) -> list[int]:
        """Keys of the people."""
        return [departure.user_key for departure in self.departures]

    @property
    def request_ids(self) -> set[str]:
        """Requests that this erasure answers."""
        return {one for departure in self.departures for one in departure.request_ids} | set(self.unlinked)

    def merged(self, later: Erasure) -> Erasure:
        """This erasure and what was found since; rows are those counted first."""
        known, linked = set(self.user_keys), self.request_ids
        return Erasure(
            started_at=self.started_at,
            departures=(*self.departures, *(one for one in later.departures if one.user_key not in known)),
            unlinked=(*self.unlinked, *(one for one in later.unlinked if one not in linked)),
        )


def find_departures(connection: duckdb.DuckDBPyConnection, ledger: Ledger, receipts: Path) -> Erasure:
    """Everybody who has to go now, with the rows there are of them. Needs the tables of a first ingest."""
    connection.execute(_PEOPLE)
    requests, unlinked = _requested(connection, receipts)
    reasons = dict.fromkeys(_returned(connection, ledger), "returned")
    reasons |= {key: "left" for (key,) in connection.execute(_GONE).fetchall()}
    reasons |= dict.fromkeys(requests, "request")
    ids = _ids(connection, "WHERE key IN (SELECT unnest($1::INTEGER[]))", [list(reasons)])
    counts = count_rows(connection, CATALOG, reasons)
    return Erasure(
        started_at=datetime.now(UTC),
        departures=tuple(
            Departure(
                user_key=key,
                subject=ledger.subject(ids[key]),
                reason=reason,
                request_ids=tuple(sorted(requests.get(key, ()))),
                rows_before=counts[key],
            )
            for key, reason in sorted(reasons.items())
        ),
        unlinked=tuple(sorted(unlinked)),
    )


def remember(connection: duckdb.DuckDBPyConnection, ledger: Ledger) -> None:
    """Note who is known now, and that nobody in this ledger has a key."""
    connection.execute("BEGIN")
    connection.execute("DELETE FROM erasure.people")
    connection.execute("INSERT INTO erasure.people SELECT user_key FROM raw.users")
    connection.execute("DELETE FROM erasure.ledger")
    connection.execute("INSERT INTO erasure.ledger VALUES ($1)", [ledger.state])
    connection.execute("COMMIT")


def _returned(connection: duckdb.DuckDBPyConnection, ledger: Ledger) -> list[int]:
    """Keys of people who were erased before: a backup of the warehouse brings them back."""
    # Ingest gives nobody in the ledger a key: only an older warehouse or another ledger is news.
    if connection.execute("SELECT 1 FROM erasure.ledger WHERE state = $1", [ledger.state]).fetchone():
        return []
    return [key for key, user_id in _ids(connection).items() if ledger.holds(user_id)]


def _ids(
    connection: duckdb.DuckDBPyConnection, condition: str = "", values: Sequence[object] = ()
) -> dict[int, UUID]:
    return dict(connection.execute(f"SELECT key, id FROM raw.key_users {condition}", list(values)).fetchall())  # noqa: S608


def _requested(
    connection: duckdb.DuckDBPyConnection, receipts: Path
) -> tuple[dict[int, list[str]], list[str]]:
    """Completed requests for erasure by person, and those that name nobody we know and have no receipt."""
    requests: dict[int, list[str]] = defaultdict(list)
    unlinked = []
    for key, request_id in connection.execute(_REQUESTED).fetchall():
        if key is not None:
            requests[key].append(request_id)
        elif not (receipts / f"{request_id}.json").exists():
            unlinked.append(request_id)
    return requests, unlinked
