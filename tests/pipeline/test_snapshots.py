"""The folder of snapshots: what readers see changes in one step, and nothing in use is removed."""

from __future__ import annotations

import pytest

from pipeline.errors import NoSnapshotError
from pipeline.settings import Settings
from pipeline.snapshots import (
    clear_unfinished,
    current_folder,
    current_id,
    keep_newest,
    manifest_of,
    manifests,
    previous_id,
    snapshot_ids,
    switch,
)
from tests.pipeline.conftest import MakeSnapshot


def test_current_is_a_relative_link_that_survives_a_moved_data_directory(
    settings: Settings, make_snapshot: MakeSnapshot
) -> None:
    snapshot_id = make_snapshot(is_current=True)
    moved = settings.data_dir.rename(settings.data_dir.with_name("moved"))

    assert current_folder(moved / "snapshots") == (moved / "snapshots" / snapshot_id).resolve()


def test_switch_refuses_what_is_no_snapshot(settings: Settings, make_snapshot: MakeSnapshot) -> None:
    snapshot_id = make_snapshot(is_current=True)

    with pytest.raises(NoSnapshotError, match="no snapshot '2000'"):
        switch(settings.snapshots_dir, "2000")

    assert current_id(settings.snapshots_dir) == snapshot_id


def test_nothing_published_yet(settings: Settings) -> None:
    assert current_id(settings.snapshots_dir) is None
    assert snapshot_ids(settings.snapshots_dir) == []
    with pytest.raises(NoSnapshotError, match="No snapshot has been published"):
        current_folder(settings.snapshots_dir)
    with pytest.raises(NoSnapshotError, match="no older snapshot"):
        previous_id(settings.snapshots_dir)


def test_dangling_current_is_no_snapshot(settings: Settings, make_snapshot: MakeSnapshot) -> None:
    folder = settings.snapshots_dir / make_snapshot(is_current=True)
    folder.rename(folder.with_name("elsewhere"))

    assert current_id(settings.snapshots_dir) is None


def test_damaged_manifest_is_no_snapshot(settings: Settings, make_snapshot: MakeSnapshot) -> None:
    snapshot_id = make_snapshot()
    (settings.snapshots_dir / snapshot_id / "manifest.json").write_text("{}")

    with pytest.raises(NoSnapshotError, match="no readable snapshot"):
        manifest_of(settings.snapshots_dir, snapshot_id)
    assert manifests(settings.snapshots_dir) == []


def test_the_newest_and_the_current_stay(settings: Settings, make_snapshot: MakeSnapshot) -> None:
    """Guards against pruning the snapshot that an operator rolled back to."""
    ids = [make_snapshot() for _ in range(5)]
    switch(settings.snapshots_dir, ids[0])

    removed = keep_newest(settings.snapshots_dir, 2)

    assert removed == ids[1:3]
    assert snapshot_ids(settings.snapshots_dir) == [ids[0], *ids[3:]]


def test_leftovers_of_a_killed_run_are_cleared(settings: Settings, make_snapshot: MakeSnapshot) -> None:
    snapshot_id = make_snapshot(is_current=True)
    half = settings.snapshots_dir / "20260101T000000Z-000000.tmp"
    half.mkdir()
    (half / "manifest.json").write_text("{}")
    (settings.snapshots_dir / ".current.1.tmp").symlink_to(snapshot_id)

    assert snapshot_ids(settings.snapshots_dir) == [snapshot_id]
    clear_unfinished(settings.snapshots_dir)

    assert sorted(path.name for path in settings.snapshots_dir.iterdir()) == [snapshot_id, "current"]


def test_previous_is_the_newest_older_one(settings: Settings, make_snapshot: MakeSnapshot) -> None:
    ids = [make_snapshot() for _ in range(3)]
    switch(settings.snapshots_dir, ids[1])

    assert previous_id(settings.snapshots_dir) == ids[0]
