"""Who else on the machine may read what a night leaves behind."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from pipeline.lock import run_lock
from pipeline.settings import Settings
from tests.conftest import School

# What other users may read: the marts, which name nobody, and the way to them.
SHARED_FOLDERS = {"snapshots", "snapshots/*"}
SHARED_FILES = {"snapshots/*/marts.duckdb", "snapshots/*/manifest.json"}


def test_only_marts_are_readable_by_others(school: School) -> None:
    """The warehouse holds every name and address: a usual umask would show it to everybody on the machine."""
    wrong = {}
    for path in sorted(school.settings.data_dir.rglob("*")):
        place = path.relative_to(school.settings.data_dir)
        if not path.is_symlink() and (mode := stat.S_IMODE(path.stat().st_mode)) != expected(path, place):
            wrong[str(place)] = oct(mode)
    assert wrong == {}
    assert (school.settings.warehouse_file).stat().st_mode & 0o777 == 0o600
    assert (school.snapshot / "identity.duckdb").stat().st_mode & 0o777 == 0o600


def expected(path: Path, place: Path) -> int:
    """The mode that a file or folder below the data directory should have."""
    shared = SHARED_FOLDERS if path.is_dir() else SHARED_FILES
    is_shared = any(place.match(pattern) and len(place.parts) == pattern.count("/") + 1 for pattern in shared)
    private, public = (0o700, 0o755) if path.is_dir() else (0o600, 0o644)
    return public if is_shared else private


@pytest.mark.usefixtures("environment")
def test_a_warehouse_of_an_older_version_becomes_private(settings: Settings) -> None:
    """What was made readable for everybody stays so, however careful later versions are."""
    settings.data_dir.mkdir()
    settings.warehouse_file.touch(mode=0o644)
    usual = os.umask(0o022)
    try:
        with run_lock(settings):
            made = settings.data_dir / "spilled"
            made.touch()
        after = os.umask(0o022)
    finally:
        os.umask(usual)
    assert stat.S_IMODE(settings.warehouse_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    assert after == 0o022
