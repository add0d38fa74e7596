"""What a fault may lead to: a failure with a name, or figures that equal an undisturbed build."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from api.opening import open_snapshot
from api.runs import RunRecord, RunState
from pipeline.settings import Settings
from pipeline.snapshots import current_folder
from tests.conftest import Night, School
from tests.nights.comparison import differences
from tests.nights.test_nights import OWN_HISTORY

PATIENCE = 300


def assert_failed(run: RunRecord, step: str, code: str, *words: str) -> None:
    """The run failed in `step` for a reason that has a name, names `words`, and says what to do next."""
    assert run.state is RunState.FAILED, run.steps
    assert run.error is not None
    assert (run.error.step, run.error.code) == (step, code), run.error
    for word in words:
        assert word in f"{run.error.message} {run.error.hint}"
    assert run.error.hint


def assert_recovers(school: School, night: Night, expected: School) -> None:
    """The next night is published and equals the undisturbed build `expected`."""
    run = night(school.source_url, school.settings.data_dir, as_of=school.as_of)
    assert run.state is RunState.PUBLISHED, run.error
    assert_equal(school.settings, expected.settings)


def assert_equal(one: Settings, other: Settings) -> None:
    """Both data directories publish the same rows in every mart."""
    assert differences(one, other, without=OWN_HISTORY) == {}


def assert_whole(settings: Settings) -> str:
    """Readers find a whole snapshot: every checksum is right, every table opens. Returns its id."""
    snapshot = open_snapshot(current_folder(settings.snapshots_dir), settings)
    snapshot.release()
    return snapshot.id


def command(
    school: School, *arguments: str, before: Sequence[str] = (), **options: Any
) -> subprocess.CompletedProcess[str]:
    """`schoolhouse` in a process of its own, as cron runs it; `before` is the start of its line."""
    return subprocess.run(
        [*before, sys.executable, "-m", "pipeline.cli", *arguments],
        env=environment(school),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
        **options,
    )


def environment(school: School) -> dict[str, str]:
    """The environment of a command on the school."""
    return os.environ | {
        "SCHOOLHOUSE_DATA_DIR": str(school.settings.data_dir),
        "SCHOOLHOUSE_SOURCE_URL": school.source_url,
        "SCHOOLHOUSE_MEMORY_LIMIT": "1GB",
    }


def assert_readable_failure(done: subprocess.CompletedProcess[str], code: str, *words: str) -> None:
    """A command that failed says why and what to do next, without a traceback, and with exit code 1."""
    assert done.returncode == 1, done.stderr
    assert f"{code})" in done.stderr, done.stderr
    assert "next: " in done.stderr, done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    for word in words:
        assert word in done.stderr, done.stderr
