"""Files that are cut, overwritten, emptied, exchanged or gone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import duckdb
import httpx
import psycopg
import pytest

from api.manifest import IDENTITY_FILE, MANIFEST_FILE, MARTS_FILE
from api.runs import RunState, read_runs
from ingest.progress import Silent
from pipeline.ledger import Ledger
from pipeline.run import Options, execute
from pipeline.snapshots import current_folder, current_id, snapshot_ids
from pipeline.steps import INGEST
from pipeline.verify import verify_erasure
from tests.api.serving import BASE, bearer, client_of, settings_for
from tests.conftest import Night, School
from tests.faults.outcomes import (
    assert_failed,
    assert_readable_failure,
    assert_recovers,
    assert_whole,
    command,
)

Damage = Callable[[Path], None]


def cut_in_half(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)


def overwrite_head(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"\xff" * 4096)


def overwrite_body(path: Path) -> None:
    """Every block behind the headers."""
    size = path.stat().st_size
    with path.open("r+b") as file:
        for position in range(3 * 4096 + 1000, size, 262_144):
            file.seek(position)
            file.write(b"\xff" * 64)


def empty(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(
            damage,
            id=damage.__name__,
            marks=pytest.mark.fault(
                f"warehouse.duckdb {what}",
                "`warehouse_damaged` says to move it aside; the next night builds it anew from the source:"
                " equal, history, receipts and ledger as they were",
            ),
        )
        for damage, what in (
            (cut_in_half, "cut in half"),
            (overwrite_head, "overwritten at its head"),
            (overwrite_body, "overwritten in every block"),
        )
    ],
)
def test_a_damaged_warehouse_is_named_and_built_anew(
    evening: School, tomorrow: School, night: Night, damage: Damage
) -> None:
    """A night that dies every night of the same file, with a message that helps nobody."""
    settings = evening.settings
    before, history = assert_whole(settings), read_runs(settings.runs_dir)
    Ledger(settings.ledger_dir).add(["0" * 64])
    damage(settings.warehouse_file)

    failed = command(evening, "nightly", "--as-of", evening.as_of.isoformat())

    assert_readable_failure(failed, "warehouse_damaged", "warehouse.duckdb", "aside", "schoolhouse nightly")
    assert assert_whole(settings) == before
    settings.warehouse_file.rename(settings.data_dir / "damaged.duckdb")
    settings.warehouse_file.with_name("warehouse.duckdb.wal").unlink(missing_ok=True)
    assert_recovers(evening, night, tomorrow)
    assert read_runs(settings.runs_dir)[2:] == history
    assert "0" * 64 in Ledger(settings.ledger_dir).subjects


@pytest.mark.parametrize(
    ("sql", "what"),
    [
        pytest.param(
            sql,
            what,
            id=what.replace(" ", "-"),
            marks=pytest.mark.fault(f"state in the warehouse: {what}", "the night repairs it: equal"),
        )
        for sql, what in (
            ("DROP SCHEMA sqlmesh CASCADE", "SQLMesh's state gone"),
            ("DELETE FROM sqlmesh._intervals", "what SQLMesh has built forgotten"),
            ("DELETE FROM sqlmesh._environments", "SQLMesh's environment forgotten"),
            ("DROP TABLE pipeline.build_state", "build state gone"),
            ("DROP TABLE raw.watermarks", "watermarks gone"),
        )
    ],
)
def test_lost_state_is_made_anew(
    evening: School, tomorrow: School, night: Night, sql: str, what: str
) -> None:
    """A warehouse put back from an older copy, or tidied by hand, that no night gets over."""
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{evening.settings.warehouse_file}' AS warehouse; USE warehouse")
        connection.execute(sql)
    assert_recovers(evening, night, tomorrow)


@pytest.mark.fault(
    "all raw tables gone from the warehouse",
    "`warehouse_damaged`: raw would begin anew with other keys than the models have; moved aside: equal",
)
def test_lost_raw_tables(evening: School, tomorrow: School, night: Night) -> None:
    """Figures of one learner under the key of another."""
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{evening.settings.warehouse_file}' AS warehouse; USE warehouse")
        connection.execute("DROP SCHEMA raw CASCADE")
    run = night(evening.source_url, evening.settings.data_dir, as_of=evening.as_of)
    assert_failed(run, "ingest", "warehouse_damaged", "aside")
    evening.settings.warehouse_file.unlink()
    assert_recovers(evening, night, tomorrow)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(
            content,
            id=name,
            marks=pytest.mark.fault(
                f"warehouse.duckdb.wal {name}",
                "named, or left out of account: equal, with no more than a `mv`",
            ),
        )
        for name, content in (("empty", b""), ("full of zeros", b"\0" * 5000), ("rubbish", b"\xfe" * 5000))
    ],
)
def test_a_damaged_log(evening: School, tomorrow: School, night: Night, content: bytes) -> None:
    """What is left of a log after a power cut."""
    log = evening.settings.warehouse_file.with_name("warehouse.duckdb.wal")
    log.write_bytes(content)
    run = night(evening.source_url, evening.settings.data_dir, as_of=evening.as_of)
    if run.state is RunState.FAILED:
        assert_failed(run, "ingest", "warehouse_damaged", "aside")
        log.unlink()
        evening.settings.warehouse_file.unlink()
    assert_recovers(evening, night, tomorrow)


def lines_lost(folder: Path) -> None:
    lines = (folder / "erasures.jsonl").read_text().splitlines(keepends=True)
    (folder / "erasures.jsonl").write_text("".join(lines[:-1]))


LEDGER_DAMAGE: dict[str, Damage] = {
    "cut in half": lambda folder: cut_in_half(folder / "erasures.jsonl"),
    "emptied": lambda folder: empty(folder / "erasures.jsonl"),
    "overwritten with rubbish": lambda folder: overwrite_head(folder / "erasures.jsonl"),
    "without its last line": lines_lost,
    "gone": lambda folder: (folder / "erasures.jsonl").unlink(),
    "without its key": lambda folder: (folder / "key").unlink(),
    "with its key cut": lambda folder: cut_in_half(folder / "key"),
    "with another key": lambda folder: (folder / "key").write_bytes(b"k" * 32),
}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(
            name,
            id=name.replace(" ", "-"),
            marks=pytest.mark.fault(
                f"ledger {name}",
                "`ledger_damaged` before anything is read: nobody comes back; its backup makes all well",
            ),
        )
        for name in LEDGER_DAMAGE
    ],
)
def test_a_damaged_ledger_stops_every_night(erased: School, night: Night, name: str) -> None:
    """The erased come back at night, because the list of them has become shorter."""
    settings = erased.settings
    before, content = current_id(settings.snapshots_dir), contents(settings.ledger_dir)
    LEDGER_DAMAGE[name](settings.ledger_dir)

    run = night(erased.source_url, settings.data_dir, as_of=erased.as_of)

    assert_failed(run, "ingest", "ledger_damaged", "ledger/", "backup")
    assert current_id(settings.snapshots_dir) == before
    for path, data in content.items():
        path.write_bytes(data)
    again = execute(settings, "ingest", (INGEST,), Options(erased.as_of), Silent())
    assert again.state is RunState.FINISHED, again.error


def contents(folder: Path) -> dict[Path, bytes]:
    """Every file of a folder."""
    return {path: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.fault(
    "a receipt cut in half",
    "`file_damaged` names it: no compliance figure without it; moved aside, the next night is published",
)
def test_a_damaged_receipt(erased: School, tomorrow: School, night: Night) -> None:
    """A number of proven erasures that is silently one lower."""
    receipt = min(erased.settings.receipts_dir.glob("*.json"))
    cut_in_half(receipt)
    run = night(erased.source_url, erased.settings.data_dir, as_of=erased.as_of)
    assert_failed(run, "ingest", "file_damaged", receipt.name, "aside")
    receipt.rename(erased.settings.data_dir / "damaged-receipt")
    assert_recovers(erased, night, tomorrow)


@pytest.mark.fault(
    "erasure.json (an erasure at work) cut in half",
    "`erasure_incomplete` names it and the way out; after it the night is equal and nobody is left",
)
def test_a_damaged_erasure(evening: School, tomorrow: School, night: Night) -> None:
    """An erasure that is forgotten half-way: the person stays in older snapshots."""
    settings = evening.settings
    settings.erasure_file.write_text('{"started_at": "2026-')
    run = night(evening.source_url, settings.data_dir, as_of=evening.as_of)
    assert_failed(run, "erase", "erasure_incomplete", "erasure.json", "schoolhouse nightly", "snapshot")
    settings.erasure_file.unlink()
    settings.warehouse_file.unlink()
    assert_recovers(evening, night, tomorrow)


SNAPSHOT_DAMAGE: dict[str, Damage] = {
    "marts cut": lambda folder: cut_in_half(folder / MARTS_FILE),
    "marts overwritten": lambda folder: overwrite_head(folder / MARTS_FILE),
    "identity cut": lambda folder: cut_in_half(folder / IDENTITY_FILE),
    "identity gone": lambda folder: (folder / IDENTITY_FILE).unlink(),
    "manifest cut": lambda folder: cut_in_half(folder / MANIFEST_FILE),
    "manifest gone": lambda folder: (folder / MANIFEST_FILE).unlink(),
}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(
            name,
            id=name.replace(" ", "-"),
            marks=pytest.mark.fault(
                f"current snapshot: {name}",
                "a running API goes on with what it has open, a new one answers 503, `schoolhouse sql` says"
                " why; the next night is equal, and what may hold an erased person is removed",
            ),
        )
        for name in SNAPSHOT_DAMAGE
    ],
)
def test_a_damaged_snapshot(evening: School, tomorrow: School, night: Night, name: str) -> None:
    """A damaged file that is served, or that stops the erasure of every later night."""
    settings = evening.settings
    folder = current_folder(settings.snapshots_dir)
    gone = person_who_left(evening, tomorrow)
    SNAPSHOT_DAMAGE[name](folder)

    with client_of(settings_for(settings.data_dir)) as client:
        assert client.get(f"{BASE}/analytics/overview", headers=bearer("admin")).status_code == 503
        assert client.get("/readyz").status_code == 503
        told = command(evening, "sql", "SELECT count(*) FROM fct_user_day")
        assert "Traceback" not in told.stderr
        assert told.returncode == (1 if name.startswith("marts") else 0), told.stderr
        assert_recovers(evening, night, tomorrow)
        assert_answers(client)
    assert snapshot_ids(settings.snapshots_dir) == [current_id(settings.snapshots_dir)]
    assert not folder.exists()
    assert verify_erasure(settings, gone).is_gone


def person_who_left(school: School, tomorrow: School) -> UUID:
    """The id of a person whom the coming night erases."""
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{school.settings.warehouse_file}' AS warehouse (READ_ONLY)")
        known = {row[0] for row in connection.execute("SELECT id FROM warehouse.raw.users").fetchall()}
    with psycopg.connect(tomorrow.source_url) as source:
        left = {row[0] for row in source.execute("SELECT id FROM users").fetchall()}
    return min(known - left)


def assert_answers(client: httpx.Client) -> None:
    """The server has found the new snapshot."""
    for _ in range(100):
        if client.get("/readyz").status_code == 200:
            break
    assert client.get(f"{BASE}/analytics/overview", headers=bearer("admin")).status_code == 200


@pytest.mark.fault(
    "the link `current` gone, or pointing nowhere",
    "readers are told that nothing is published; the next night is equal",
)
@pytest.mark.parametrize("target", [None, "20200101T000000Z-000000"])
def test_a_lost_link(evening: School, tomorrow: School, night: Night, target: str | None) -> None:
    """A link that no night puts back."""
    link = evening.settings.snapshots_dir / "current"
    link.unlink()
    if target:
        link.symlink_to(target)
    assert_readable_failure(command(evening, "sql", "SELECT 1"), "no_snapshot", "schoolhouse nightly")
    assert_recovers(evening, night, tomorrow)


@pytest.mark.fault(
    "a run's record cut in half", "left out of the history; the next night is equal, `status` shows it"
)
def test_a_damaged_record(evening: School, tomorrow: School, night: Night) -> None:
    """A history that stops every night, or the API."""
    cut_in_half(min(evening.settings.runs_dir.glob("*.json")))
    assert_recovers(evening, night, tomorrow)
    assert len(read_runs(evening.settings.runs_dir)) == 1
    assert command(evening, "status").returncode == 0
