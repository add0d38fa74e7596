"""Snapshots come, go and break while requests run."""

from __future__ import annotations

import json
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import httpx
import psutil
import pytest
import time_machine

from api import app
from api.manifest import IDENTITY_FILE, MANIFEST_FILE, MARTS_FILE
from api.store import SnapshotStore
from tests.api.serving import BASE, bearer, client_of, settings_for
from tests.api.snapshot_factory import Published, point_current, publish, write_snapshot
from tests.waiting import wait_until

ADMIN = bearer("admin")
SWAPS = 20
ANSWERS = 10


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server looks for news at once where production waits half a second."""
    monkeypatch.setattr(app, "POLL_SECONDS", 0.02)


def number_of(client: httpx.Client) -> int:
    """Which snapshot answers, by its figures."""
    answer = client.get(f"{BASE}/marts/school_overview", headers=ADMIN)
    assert answer.status_code == 200, answer.text
    return check_consistent(answer.json())


def check_consistent(body: dict[str, Any]) -> int:
    """The number of the snapshot that an answer names, after checking that its figures are of that one."""
    number = int(body["meta"]["snapshot_id"][-5:-1])
    for row in body["data"]:
        if "students_total" in row:
            assert row["students_total"] == number * 10 + row["school_key"]
        else:
            assert row["event_count"] == number
    return number


def open_marts(data_dir: Path) -> set[str]:
    """Ids of the snapshots whose marts this process holds open."""
    files = (Path(file.path) for file in psutil.Process().open_files())
    return {file.parent.name for file in files if file.name == MARTS_FILE and data_dir in file.parents}


def test_a_new_snapshot_is_used_within_two_seconds_and_the_old_one_closed(tmp_path: Path) -> None:
    """Two seconds are three looks: a machine that is busy with something else proves nothing."""
    assert app.POLL_SECONDS * 3 < 2
    publish(tmp_path, 1)
    with client_of(settings_for(tmp_path)) as client:
        assert number_of(client) == 1
        second = publish(tmp_path, 2)
        wait_until(lambda: number_of(client) == 2, "the second is served")
        wait_until(lambda: open_marts(tmp_path) == {second.id}, "the first is let go")


def test_rolling_back_to_an_earlier_snapshot(hasty: None, tmp_path: Path) -> None:
    """Reconnecting to a path in one process returned the database that was open there before."""
    first, second = write_snapshot(tmp_path, 1), write_snapshot(tmp_path, 2)
    point_current(tmp_path, first.id)
    with client_of(settings_for(tmp_path)) as client:
        for published in (second, first, second, first):
            point_current(tmp_path, published.id)
            wait_until(lambda wanted=published.number: number_of(client) == wanted, "it is served")  # type: ignore[misc]


def _spoil_byte(published: Published) -> None:
    file = published.folder / MARTS_FILE
    content = bytearray(file.read_bytes())
    content[-100] ^= 1
    file.write_bytes(content)


def _cut_identity(published: Published) -> None:
    file = published.folder / IDENTITY_FILE
    file.write_bytes(file.read_bytes()[:-4096])


def _lose_file(published: Published) -> None:
    (published.folder / MARTS_FILE).unlink()


def _lose_manifest(published: Published) -> None:
    (published.folder / MANIFEST_FILE).unlink()


def _break_manifest(published: Published) -> None:
    (published.folder / MANIFEST_FILE).write_text("{")


def _change_manifest(published: Published, **changes: Any) -> None:
    file = published.folder / MANIFEST_FILE
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))


def _take_anothers_manifest(published: Published) -> None:
    _change_manifest(published, id="another")


def _promise_a_table(published: Published) -> None:
    manifest = json.loads((published.folder / MANIFEST_FILE).read_text())
    _change_manifest(published, tables=manifest["tables"] | {"fct_missing": 1})


def _forget_a_checksum(published: Published) -> None:
    manifest = json.loads((published.folder / MANIFEST_FILE).read_text())
    _change_manifest(published, files={MARTS_FILE: manifest["files"][MARTS_FILE]})


def _no_database(published: Published) -> None:
    import hashlib

    content = b"this is no database" * 1000
    (published.folder / MARTS_FILE).write_bytes(content)
    manifest = json.loads((published.folder / MANIFEST_FILE).read_text())
    entry = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    _change_manifest(published, files=manifest["files"] | {MARTS_FILE: entry})


DAMAGES = [
    _spoil_byte,
    _cut_identity,
    _lose_file,
    _lose_manifest,
    _break_manifest,
    _take_anothers_manifest,
    _promise_a_table,
    _forget_a_checksum,
    _no_database,
]


def _refused(client: httpx.Client) -> float:
    for line in client.get("/metrics").text.splitlines():
        if line.startswith("schoolhouse_snapshots_refused_total"):
            return float(line.split()[1])
    raise AssertionError("refused snapshots are not counted")


def test_damaged_snapshots_are_refused_and_counted_and_the_last_good_one_goes_on(
    hasty: None, tmp_path: Path
) -> None:
    publish(tmp_path, 1)
    with client_of(settings_for(tmp_path)) as client:
        for number, damage in enumerate(DAMAGES, start=2):
            before = _refused(client)
            published = write_snapshot(tmp_path, number)
            damage(published)
            point_current(tmp_path, published.id)
            wait_until(lambda seen=before: _refused(client) == seen + 1, damage.__name__)  # type: ignore[misc]
            assert number_of(client) == 1
        time.sleep(0.5)
        assert _refused(client) == before + 1, "a refused snapshot is not verified again and again"
        publish(tmp_path, 50)
        wait_until(lambda: number_of(client) == 50, "the next one is served")


def test_a_repaired_snapshot_is_taken(hasty: None, tmp_path: Path) -> None:
    publish(tmp_path, 1)
    with client_of(settings_for(tmp_path)) as client:
        second = write_snapshot(tmp_path, 2)
        good = (second.folder / MARTS_FILE).read_bytes()
        _spoil_byte(second)
        before = _refused(client)
        point_current(tmp_path, second.id)
        wait_until(lambda: _refused(client) == before + 1, "it is refused")
        (second.folder / MARTS_FILE).write_bytes(good)
        wait_until(lambda: number_of(client) == 2, "the second is served")


def test_a_server_that_starts_on_a_damaged_snapshot_waits_for_a_good_one(hasty: None, tmp_path: Path) -> None:
    _spoil_byte(publish(tmp_path, 1))
    with client_of(settings_for(tmp_path)) as client:
        assert client.get("/readyz").status_code == 503
        publish(tmp_path, 2)
        wait_until(lambda: client.get("/readyz").status_code == 200, "the good one is served")


def test_losing_current_changes_nothing(hasty: None, tmp_path: Path) -> None:
    publish(tmp_path, 1)
    with client_of(settings_for(tmp_path)) as client:
        current = tmp_path / "snapshots" / "current"
        current.unlink()
        current.write_text("not a link")
        time.sleep(0.5)
        assert number_of(client) == 1
        current.unlink()
        publish(tmp_path, 2)
        wait_until(lambda: number_of(client) == 2, "the second is served")


def test_answers_of_an_old_snapshot_are_marked_stale(tmp_path: Path) -> None:
    publish(tmp_path, 1, as_of=datetime.now(UTC) - timedelta(hours=25))
    for hours, expected in ((26, False), (24, True)):
        with client_of(settings_for(tmp_path, stale_after_hours=hours)) as client:
            answer = client.get(f"{BASE}/marts", headers=ADMIN)
            assert answer.json()["meta"]["stale"] is expected
            assert client.get("/readyz").json()["stale"] is expected


def test_becoming_stale_is_seen_through_the_cache(tmp_path: Path) -> None:
    """A cached answer, or a 304 for it, would have said `fresh` for ever."""
    publish(tmp_path, 1, as_of=datetime.now(UTC))
    with client_of(settings_for(tmp_path, stale_after_hours=1)) as client:
        fresh = client.get(f"{BASE}/marts", headers=ADMIN)
        assert fresh.json()["meta"]["stale"] is False
        with time_machine.travel(datetime.now(UTC) + timedelta(hours=1, seconds=1)):
            later = client.get(f"{BASE}/marts", headers=ADMIN | {"If-None-Match": fresh.headers["ETag"]})
        assert later.status_code == 200
        assert later.json()["meta"]["stale"] is True


def test_a_held_snapshot_stays_open_until_it_is_let_go(tmp_path: Path) -> None:
    first = publish(tmp_path, 1)
    store = SnapshotStore(settings_for(tmp_path))
    assert store.refresh()
    held = store.hold()
    second = publish(tmp_path, 2)
    assert store.refresh()
    assert held.query("SELECT students_total FROM school_overview WHERE school_key = ?", [1]) == [(11,)]
    assert open_marts(tmp_path) == {first.id, second.id}
    held.release()
    assert open_marts(tmp_path) == {second.id}
    with pytest.raises(duckdb.Error):
        held.query("SELECT 1")
    store.close()
    assert open_marts(tmp_path) == set()


def test_swaps_under_load(hasty: None, tmp_path: Path) -> None:
    """20 publishes during requests: none fails, and every body is of the snapshot that it names."""
    publish(tmp_path, 1)
    for number in range(2, SWAPS + 2):
        write_snapshot(tmp_path, number)
    with client_of(settings_for(tmp_path)) as client:
        stop = threading.Event()
        seen: list[int] = []
        problems: list[str] = []
        address = str(client.base_url)
        threads = [
            threading.Thread(target=_keep_asking, args=(address, path, stop, seen, problems))
            for path in (
                "/marts/school_overview",
                "/marts/school_overview?limit=2",
                "/marts/fct_user_day?limit=1100",
                "/marts/fct_user_day?limit=200",
            )
        ]
        for thread in threads:
            thread.start()
        for number in range(2, SWAPS + 2):
            point_current(tmp_path, f"20260300T01{number:04d}Z")
            wait_until(lambda wanted=number: seen.count(wanted) >= ANSWERS, f"answers of {number}")  # type: ignore[misc]
        stop.set()
        for thread in threads:
            thread.join(30)
        assert problems == []
        assert set(seen) >= set(range(2, SWAPS + 2))
        wait_until(lambda: open_marts(tmp_path) == {f"20260300T01{SWAPS + 1:04d}Z"}, "older ones are let go")


def _keep_asking(
    address: str, path: str, stop: threading.Event, seen: list[int], problems: list[str]
) -> None:
    with httpx.Client(base_url=address + BASE, headers=ADMIN, timeout=30) as client:
        turn = 0
        while not stop.is_set():
            turn += 1
            # Half of the requests are new to the cache.
            separator = "&" if "?" in path else "?"
            address = path if turn % 2 else f"{path}{separator}school_key=ge.{-turn}"
            try:
                answer = client.get(address)
                assert answer.status_code == 200, answer.text
                seen.append(check_consistent(answer.json()))
            except (httpx.HTTPError, AssertionError) as problem:
                problems.append(f"{path}: {problem!r}")
