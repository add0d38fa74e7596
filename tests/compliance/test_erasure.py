"""Is the erased child really gone? From every byte, from every figure, and for ever."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import psycopg
import pytest

from api.receipts import Receipt, read_receipt, read_receipts
from pipeline.ledger import Ledger
from pipeline.snapshots import current_id, snapshot_ids
from pipeline.traces import count_rows
from pipeline.verify import verify_erasure
from tests.compliance.conftest import AS_OF, REQUEST_ID, ROOT, Person, Story, hits, play
from tests.differential.published import Snapshot

Copy = Callable[[Path], Path]
# Numbers that only count arrivals: they differ between two warehouses of the same source.
ARRIVAL_KEYS = {"attempt_key", "request_key", "incident_key"}


def test_bytes_of_the_erased_are_gone_from_every_file(story: Story) -> None:
    """Guards against an erasure that deletes rows and leaves the pages: the file still names the child."""
    for person in (story.people.leaver, story.people.asker):
        before = hits(story.before, person.markers)
        assert before["warehouse.duckdb"] >= len(person.markers) - 1
        assert any(name.endswith("identity.duckdb") for name in before)
        assert hits(story.after, person.markers) == {}
    kept = hits(story.after, story.people.kept.markers)
    assert kept["warehouse.duckdb"]
    assert any(name.endswith("identity.duckdb") for name in kept)


@pytest.mark.slow
def test_every_mart_equals_a_build_from_scratch(story: Story, tmp_path: Path) -> None:
    """Guards against aggregates that still count the erased person, and against others' moved figures."""
    play(story.settings(tmp_path / "scratch"), story.project)
    erased = Snapshot(_current(story.after), AS_OF)
    scratch = Snapshot(_current(tmp_path / "scratch"), AS_OF)
    marts = _tables(_current(story.after) / "marts.duckdb")
    assert len(marts) > 30
    assert {mart for mart in marts if _rows(erased, mart) != _rows(scratch, mart)} == set()
    assert _rows(erased, "compliance_erasures")


def test_receipts_say_what_was_removed(story: Story) -> None:
    """Guards against a receipt that claims an erasure which never happened."""
    asked = read_receipt(story.after / "receipts", str(REQUEST_ID))
    assert asked is not None
    assert asked.is_verified
    [one_pass] = asked.passes
    counts = {table.table: table for table in one_pass.tables}
    assert counts["raw.users"].rows_before == counts["raw.key_users"].rows_before == 1
    assert counts["raw.analytics"].rows_before > 10
    assert any(name.startswith("sqlmesh__marts.marts__fct_user_day") for name in counts)
    assert all(table.rows_after == 0 for table in one_pass.tables)
    assert any(name.startswith("snapshots.") for name in counts)
    assert one_pass.snapshots_removed == tuple(snapshot_ids(story.before / "snapshots"))
    assert one_pass.files_rewritten == ("warehouse.duckdb",)
    reasons = {receipt.reason for receipt in read_receipts(story.after / "receipts")}
    assert {"request", "left"} <= reasons
    assert snapshot_ids(story.after / "snapshots") == [current_id(story.after / "snapshots")]


def test_verify_erasure_finds_the_living_and_clears_the_erased(story: Story, copy_of: Copy) -> None:
    """Guards against a search that finds nobody at all."""
    settings = story.settings(copy_of(story.after))
    for person in (story.people.leaver, story.people.asker):
        proof = verify_erasure(settings, person.id, person.markers)
        assert proof.traces == ()
        assert proof.is_in_ledger
        assert len(proof.receipts) == 1
    alive = verify_erasure(settings, story.people.kept.id, story.people.kept.markers)
    places = {(trace.file.split("/")[-1], trace.place) for trace in alive.traces}
    assert {("warehouse.duckdb", "raw.users.id"), ("identity.duckdb", "main.users.user_id")} <= places
    assert ("warehouse.duckdb", "id as DuckDB keeps it") in places
    (settings.runs_dir / "forgotten.log").write_text(f"user {story.people.asker.id} logged in")
    [left] = verify_erasure(settings, story.people.asker.id).traces
    assert (left.file, left.place) == ("runs/forgotten.log", "id as text")


def test_a_restored_warehouse_brings_nobody_back(story: Story, copy_of: Copy) -> None:
    """Guards against yesterday's backup: the old file is put back, the ledger is today's."""
    data_dir = copy_of(story.after)
    shutil.copy(story.before / "warehouse.duckdb", data_dir / "warehouse.duckdb")
    settings = story.settings(data_dir)
    assert hits(data_dir, story.people.asker.markers)
    play(settings, story.project, names=("ingest", "erase", "purge"))
    for person in (story.people.leaver, story.people.asker):
        assert hits(data_dir, person.markers) == {}
    receipt = read_receipt(settings.receipts_dir, str(REQUEST_ID))
    assert receipt is not None
    assert [one.is_verified for one in receipt.passes] == [True, True]
    play(settings, story.project, names=("ingest", "erase"))
    assert _users(data_dir).isdisjoint({story.people.asker.id, story.people.leaver.id})
    assert story.people.kept.id in _users(data_dir)


def test_the_source_cannot_bring_the_asker_back(story: Story, copy_of: Copy) -> None:
    """Guards against an account that the platform keeps after it completed the erasure request."""
    with psycopg.connect(story.source_url) as connection:
        assert connection.execute("SELECT 1 FROM users WHERE id = %s", [story.people.asker.id]).fetchone()
    settings = story.settings(copy_of(story.after))
    run = play(settings, story.project, names=("ingest", "erase"))
    assert story.people.asker.id not in _users(settings.data_dir)
    analytics = next(table for table in run.ingest["tables"] if table["table"] == "analytics")
    assert analytics["rows_inserted"] == analytics["rows_deleted"] == 0
    assert not settings.erasure_file.exists()


KILLS = (
    "pipeline.departures:count_rows:before",
    "pipeline.erase:write_atomic:before",
    "pipeline.ledger:write_atomic:after",
    "pipeline.erase:forget:before",
    "pipeline.erase:forget:after",
    "pipeline.erase:remove_from_models:after",
    "pipeline.erase:record_erasures:before",
    "pipeline.rewrite:sync:before",
    "pipeline.erase:rewrite:after",
    "pipeline.erase:_rows_left:before",
    "pipeline.receipts:_store:after",
    "pipeline.erase:write_receipts:after",
)


@pytest.mark.slow
@pytest.mark.parametrize("kill", KILLS)
def test_a_killed_erasure_is_finished_by_the_next_run(story: Story, copy_of: Copy, kill: str) -> None:
    """Guards against half an erasure: SIGKILL anywhere, and the next run still ends with valid receipts."""
    data_dir = copy_of(story.ingested)
    assert _erase(story, data_dir, kill) == -signal.SIGKILL
    assert _erase(story, data_dir, "") == 0
    settings = story.settings(data_dir)
    assert not settings.erasure_file.exists()
    for person in (story.people.leaver, story.people.asker):
        _assert_gone(story, data_dir, person)
    counted = {table.table: table.rows_before for table in _asked(data_dir).passes[-1].tables}
    assert counted["raw.analytics"] > 10


def _erase(story: Story, data_dir: Path, kill: str) -> int:
    """Erase in a process of its own, which publishes what night two published instead of building again."""
    command = [sys.executable, "-m", "tests.compliance.erase_and_die", str(data_dir), str(story.after), kill]
    return subprocess.run(command, cwd=ROOT, env=os.environ, check=False).returncode


def _assert_gone(story: Story, data_dir: Path, person: Person) -> None:
    assert hits(data_dir, person.markers) == {}
    assert Ledger(story.settings(data_dir).ledger_dir).holds(person.id)
    assert person.id not in _users(data_dir)


def _asked(data_dir: Path) -> Receipt:
    receipt = read_receipt(data_dir / "receipts", str(REQUEST_ID))
    assert receipt is not None
    assert receipt.is_verified
    return receipt


def test_files_that_could_identify_are_private(story: Story) -> None:
    """Guards against a ledger whose hashes anybody on the machine can try ids against."""
    for name in ("ledger/key", "ledger/erasures.jsonl", f"receipts/{REQUEST_ID}.json"):
        assert stat.S_IMODE((story.after / name).stat().st_mode) == 0o600
    ledger = (story.after / "ledger" / "erasures.jsonl").read_text()
    for person in (story.people.leaver, story.people.asker):
        assert str(person.id) not in ledger
        assert person.id.hex not in ledger


def test_rewritten_warehouse_keeps_views_comments_and_state(story: Story) -> None:
    """Guards against a copy that loses what SQLMesh needs for the next night."""
    before, after = _shape(story.before / "warehouse.duckdb"), _shape(story.after / "warehouse.duckdb")
    assert before == after
    assert ("marts", "dim_user") in after["views"]


def test_keys_of_the_erased_are_not_given_to_others(story: Story, copy_of: Copy) -> None:
    """Guards against a newcomer who inherits the number, and with it whatever still carries it."""
    data_dir = copy_of(story.after)
    erased = {receipt.user_key for receipt in read_receipts(data_dir / "receipts")} - {None}
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{data_dir / 'warehouse.duckdb'}' AS warehouse (READ_ONLY)")
        counts = count_rows(connection, "warehouse", {key for key in erased if key})
        row = connection.execute(
            "SELECT max(last_id) FROM warehouse.raw.watermarks WHERE table_name = 'key_users'"
        ).fetchone()
    assert all(rows == 0 for tables in counts.values() for rows in tables.values())
    assert row is not None
    assert row[0] >= max(key for key in erased if key)


def _current(data_dir: Path) -> Path:
    folder = data_dir / "snapshots"
    return folder / str(current_id(folder))


def _tables(file: Path) -> list[str]:
    with duckdb.connect(file, read_only=True) as connection:
        return [row[0] for row in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()]


def _rows(snapshot: Snapshot, mart: str) -> list[str]:
    rows = snapshot.rows(mart)
    return sorted(repr({name: row[name] for name in sorted(row.keys() - ARRIVAL_KEYS)}) for row in rows)


def _users(data_dir: Path) -> set[object]:
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{data_dir / 'warehouse.duckdb'}' AS warehouse (READ_ONLY)")
        return {row[0] for row in connection.execute("SELECT id FROM warehouse.raw.users").fetchall()}


def _shape(file: Path) -> dict[str, list[tuple[str, ...]]]:
    queries = {
        "views": "SELECT schema_name, view_name FROM duckdb_views() WHERE database_name = 'warehouse'",
        "comments": "SELECT schema_name, view_name, comment FROM duckdb_views() WHERE comment IS NOT NULL",
        "tables": "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = 'warehouse'",
    }
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{file}' AS warehouse (READ_ONLY)")
        return {name: sorted(connection.execute(sql).fetchall()) for name, sql in queries.items()}
