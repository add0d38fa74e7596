"""Clocks that are put back: of the source, of this machine, of an operator who asks for an earlier day."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from api.manifest import MANIFEST_FILE, read_manifest
from api.runs import RunState, read_runs
from pipeline.snapshots import current_id, previous_id, snapshot_ids, switch
from tests.conftest import SCHOOL_AS_OF, Night, School, settings_of
from tests.faults.outcomes import assert_equal, assert_recovers, assert_whole, command


@pytest.mark.fault(
    "a night as of an earlier moment than the last one (--as-of, or the source's clock put back)",
    "figures as of that moment, equal to a build from scratch; the next night is equal again",
)
def test_a_night_before_the_last(evening: School, tomorrow: School, night: Night, tmp_path: Path) -> None:
    """Events of the day that is undone stay in the figures, or are missing when the day comes again."""
    assert_recovers(evening, night, tomorrow)
    earlier = SCHOOL_AS_OF - timedelta(days=2)
    assert night(evening.source_url, evening.settings.data_dir, as_of=earlier).state is RunState.PUBLISHED
    assert night(evening.source_url, tmp_path / "scratch", as_of=earlier).state is RunState.PUBLISHED
    assert_equal(evening.settings, settings_of(evening.source_url, tmp_path / "scratch"))
    assert_recovers(evening, night, tomorrow)


@pytest.mark.fault(
    "this machine's clock was a year ahead and is put back",
    "new runs and snapshots still sort after the old ones: pruning, rollback and history go on; equal",
)
def test_a_clock_that_was_ahead(evening: School, tomorrow: School, night: Night) -> None:
    """The newest snapshot taken for the oldest: pruned first, and no way back to the one before."""
    settings = evening.settings
    ahead = in_a_year(settings.snapshots_dir / str(current_id(settings.snapshots_dir)))
    switch(settings.snapshots_dir, ahead)
    record = max(settings.runs_dir.glob("*.json"))
    record.rename(record.with_name(f"2099{record.name[4:]}"))

    assert_recovers(evening, night, tomorrow)

    assert max(snapshot_ids(settings.snapshots_dir)) == current_id(settings.snapshots_dir)
    assert read_runs(settings.runs_dir)[0].snapshot_id == current_id(settings.snapshots_dir)
    assert_recovers(evening, night, tomorrow)
    assert previous_id(settings.snapshots_dir) in snapshot_ids(settings.snapshots_dir)
    assert command(evening, "rollback").returncode == 0
    assert_whole(settings)


def in_a_year(folder: Path) -> str:
    """Give a snapshot the name that a clock far ahead would have given it; returns the name."""
    name = f"2099{folder.name[4:]}"
    manifest = json.loads((folder / MANIFEST_FILE).read_text())
    (folder / MANIFEST_FILE).write_text(json.dumps(manifest | {"id": name}))
    folder.rename(folder.with_name(name))
    assert read_manifest(folder.with_name(name)).id == name
    return name
