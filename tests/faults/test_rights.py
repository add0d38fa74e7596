"""Two runs at once, and files and folders that the process has no right to."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from api.runs import read_runs
from tests.conftest import Night, School
from tests.faults.outcomes import (
    PATIENCE,
    assert_equal,
    assert_readable_failure,
    assert_recovers,
    assert_whole,
    command,
    environment,
)

NOBODY = 65534


@pytest.mark.fault(
    "two nights at once on one data directory",
    "the second ends at once with exit code 3 and changes nothing; the first is equal",
)
def test_two_nights_at_once(evening: School, tomorrow: School) -> None:
    """Two processes that write one warehouse."""
    arguments = ["nightly", "--as-of", evening.as_of.isoformat()]
    process = subprocess.Popen(
        [sys.executable, "-m", "pipeline.cli", *arguments],
        env=environment(evening),
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + PATIENCE
    while len(read_runs(evening.settings.runs_dir)) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    second = command(evening, *arguments)
    assert process.wait(PATIENCE) == 0
    assert second.returncode == 3
    assert "lock_held" in second.stderr
    assert "next: " in second.stderr
    assert len(read_runs(evening.settings.runs_dir)) == 2
    assert_equal(evening.settings, tomorrow.settings)


@pytest.mark.parametrize(
    ("path", "mode"),
    [
        pytest.param(
            path,
            mode,
            id=f"{path or 'data'}-{mode:o}",
            marks=pytest.mark.fault(
                f"{path or 'the data directory'} has mode {mode:o} for this user",
                "`not_permitted` names it on one screen, exit code 1; with the right back the night is equal",
            ),
        )
        for path, mode in (
            ("", 0o500),
            ("", 0o000),
            ("snapshots", 0o500),
            ("runs", 0o500),
            ("ledger", 0o000),
            ("ledger/key", 0o000),
            ("receipts", 0o500),
            ("nightly.lock", 0o000),
        )
    ],
)
def test_a_missing_right(evening: School, tomorrow: School, night: Night, path: str, mode: int) -> None:
    """A traceback instead of the name of the folder that somebody else owns."""
    place = evening.settings.data_dir / path
    right = place.stat().st_mode & 0o777
    place.chmod(mode)

    powerless = without_power(may_read=bool(mode))
    failed = command(evening, "nightly", "--as-of", evening.as_of.isoformat(), before=powerless)

    place.chmod(right)
    assert_readable_failure(failed, "not_permitted", str(place.relative_to(evening.settings.data_dir)))
    assert_whole(evening.settings)
    assert_recovers(evening, night, tomorrow)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to somebody else")
@pytest.mark.fault(
    "warehouse.duckdb belongs to another user",
    "`not_permitted` names it on one screen, exit code 1; with its owner back the night is equal",
)
def test_a_warehouse_of_somebody_else(evening: School, tomorrow: School, night: Night) -> None:
    """A traceback after somebody ran one night as root. (The mode of an own file is put right by the run.)"""
    place = evening.settings.warehouse_file
    os.chown(place, NOBODY, NOBODY)

    failed = command(evening, "nightly", "--as-of", evening.as_of.isoformat(), before=without_power())

    os.chown(place, os.geteuid(), os.getegid())
    assert_readable_failure(failed, "not_permitted", place.name)
    assert_whole(evening.settings)
    assert_recovers(evening, night, tomorrow)


def without_power(*, may_read: bool = False) -> tuple[str, ...]:
    """The start of a line in which root, too, keeps to the modes of files.

    What `may_read` still passes through the folder of PostgreSQL's socket, which is another user's.
    """
    if os.geteuid():
        return ()
    lost = ("dac_override", "fowner") if may_read else ("dac_override", "fowner", "dac_read_search")
    return ("setpriv", "--bounding-set=" + ",".join(f"-{name}" for name in lost))
