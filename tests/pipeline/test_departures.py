"""Who has left is asked once: a key is held against the ledger when either is news."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import duckdb
import pytest

from ingest.layout import create_raw
from pipeline.departures import find_departures, remember
from pipeline.ledger import Ledger
from pipeline.rewrite import CATALOG

ADA, BEN = UUID(int=1), UUID(int=2)


@pytest.fixture
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    """The tables of a first ingest with Ada (1) and Ben (2), both at the source."""
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH ':memory:' AS {CATALOG}")
        connection.execute(f"USE {CATALOG}")
        create_raw(connection)
        connection.executemany("INSERT INTO raw.key_users (id, key) VALUES ($1, $2)", [[ADA, 1], [BEN, 2]])
        connection.execute("INSERT INTO raw.users (user_key) VALUES (1), (2)")
        connection.execute("INSERT INTO raw.current_batch VALUES (1, TIMESTAMP '2026-03-02 03:00:00')")
        yield connection


def _found(connection: duckdb.DuckDBPyConnection, ledger: Ledger, tmp_path: Path) -> dict[int, str]:
    return {one.user_key: one.reason for one in find_departures(connection, ledger, tmp_path).departures}


def test_a_ledger_that_learns_of_somebody_is_held_against_all_keys(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    """Guards against an answer that is kept: of a ledger put back from its backup, or of a killed erasure."""
    ledger = Ledger(tmp_path / "ledger")
    assert _found(warehouse, ledger, tmp_path) == {}
    remember(warehouse, ledger)
    ledger.add([ledger.subject(BEN)])
    assert _found(warehouse, ledger, tmp_path) == {2: "returned"}
    assert _found(warehouse, Ledger(tmp_path / "ledger"), tmp_path) == {2: "returned"}


def test_who_is_gone_from_the_source_is_found_beside_a_ledger_that_says_nothing_new(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    """Guards against the short cut of the ledger taken for everybody; an orphan without a key is nobody."""
    ledger = Ledger(tmp_path / "ledger")
    _found(warehouse, ledger, tmp_path)
    remember(warehouse, ledger)
    warehouse.execute("INSERT INTO erasure.people VALUES (77)")
    warehouse.execute("DELETE FROM raw.users WHERE user_key = 1")
    assert _found(warehouse, ledger, tmp_path) == {1: "left"}
