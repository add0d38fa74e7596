"""No space left: on a small file system of its own, filled at the moment that a step begins."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.progress import Silent
from pipeline.run import Options, execute
from pipeline.snapshots import current_id
from pipeline.steps import NIGHTLY
from tests.conftest import Night, School, settings_of
from tests.faults.outcomes import (
    assert_failed,
    assert_readable_failure,
    assert_recovers,
    assert_whole,
    command,
)

SIZE = "300M"
CHUNK = b"\0" * 65_536


@pytest.fixture
def small_disk(evening: School, tmp_path: Path) -> Iterator[School]:
    """The evening on a small file system of its own."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", disk], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("only root may mount a small file system")
    try:
        data_dir = shutil.copytree(evening.settings.data_dir, disk / "data", symlinks=True)
        settings = settings_of(evening.source_url, data_dir)
        yield School(evening.source_url, settings, evening.as_of, evening.pristine)
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)


class FillAt(Silent):
    """Fills the disk up to `room` bytes when `step` begins."""

    def __init__(self, folder: Path, step: str, room: int) -> None:
        self._folder, self._step, self._room = folder, step, room

    def advance(self, step: str, done: int, total: int | None = None) -> None:
        if step == self._step and not filler(self._folder).exists():
            fill(self._folder, self._room)


def filler(folder: Path) -> Path:
    return folder.parent / "filler"


def fill(folder: Path, room: int) -> None:
    """Leave about `room` bytes of space."""
    with filler(folder).open("wb") as file:
        while (free := _free(folder)) > room:
            file.write(CHUNK[: min(len(CHUNK), free - room)])
            file.flush()


def _free(folder: Path) -> int:
    state = os.statvfs(folder)
    return state.f_bavail * state.f_frsize


@pytest.mark.parametrize(
    ("step", "room"),
    [
        pytest.param(
            step,
            room,
            id=f"{step}-{room}",
            marks=pytest.mark.fault(
                f"disk full when {step} begins, {room:,} bytes left",
                f"`{step}/disk_full` names the folder; readers keep a whole snapshot; after freeing space"
                " the next night is equal",
            ),
        )
        for step, room in (
            ("ingest", 0),
            ("erase", 0),
            ("build", 0),
            ("build", 1_000_000),
            ("publish", 0),
            ("publish", 4_000_000),
            ("purge", 0),
            ("purge", 10_000_000),
        )
    ],
)
def test_a_full_disk_is_named_and_survived(
    small_disk: School, tomorrow: School, night: Night, step: str, room: int
) -> None:
    """Half-written files that the next night takes for whole, or a night that cannot even say what failed."""
    settings = small_disk.settings
    before = current_id(settings.snapshots_dir)

    run = execute(
        settings, "nightly", NIGHTLY, Options(small_disk.as_of), FillAt(settings.data_dir, step, room)
    )

    assert_failed(run, step, "disk_full", "space")
    assert (assert_whole(settings) == before) is (step != "purge")
    filler(settings.data_dir).unlink()
    assert_recovers(small_disk, night, tomorrow)
    left = [path.name for path in settings.data_dir.rglob("*") if path.name.endswith((".tmp", ".fresh"))]
    assert left == []


@pytest.mark.fault(
    "disk full before the night begins",
    "`disk_full` on one screen, exit code 1; after freeing space the next night is equal",
)
def test_a_disk_that_is_full_from_the_start(small_disk: School, tomorrow: School, night: Night) -> None:
    """A traceback of fifty lines, since not even the run history could be written."""
    fill(small_disk.settings.data_dir, 0)

    failed = command(small_disk, "nightly", "--as-of", small_disk.as_of.isoformat())

    assert_readable_failure(failed, "disk_full", "data")
    assert_whole(small_disk.settings)
    filler(small_disk.settings.data_dir).unlink()
    assert_recovers(small_disk, night, tomorrow)


@pytest.mark.fault(
    "largest file size reached (RLIMIT_FSIZE) while the warehouse grows",
    "`disk_full`, exit code 1; without the limit the next night is equal",
)
def test_a_limit_of_file_size(evening: School, tomorrow: School, night: Night) -> None:
    """The same as a full disk, but with another error number, and SIGXFSZ."""
    evening.settings.warehouse_file.unlink()

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (8_000_000, 8_000_000))

    failed = command(evening, "nightly", "--as-of", evening.as_of.isoformat(), preexec_fn=limit)

    assert_readable_failure(failed, "disk_full", "No space is left for")
    assert_whole(evening.settings)
    assert_recovers(evening, night, tomorrow)
