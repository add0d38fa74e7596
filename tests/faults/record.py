"""docs/faults.md: one row per fault, written by the full suite from what it saw."""

from __future__ import annotations

import os
import platform
import re
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest
from filelock import FileLock

PAGE = Path(__file__).parents[2] / "docs" / "faults.md"
IS_FULL = os.environ.get("SCHOOLHOUSE_FAULTS") == "full"
_LOCK = Path(tempfile.gettempdir()) / "schoolhouse-faults.lock"
COMMAND = "SCHOOLHOUSE_FAULTS=full make test-faults"
FAULT = "fault"  # the marker, and the user property: what goes wrong, what is to happen
SEEN = "seen"  # user property: what this run counted

_HEAD = """# Bad days

What goes wrong, what Schoolhouse then does, and the test that makes it go wrong for real: a real PostgreSQL,
real files, real processes. "Equal" means that every published mart is compared row by row with a build from
scratch of the same source.

`make test-faults` is the short form, which CI runs: a few kills, and one case of every test that
plays whole nights. The full form, `{command}`, or
`SCHOOLHOUSE_FAULTS=full` before `pytest` on some of its files, enters every test here as soon as it has
ended; a row says on which day that was, and how many kills it counted.

Of {faults} faults **{passed} went as described, {failed} did not, {waiting} were not tried in the full
form**; last entry on {when} UTC ({cores} cores, {memory:.0f} GiB, Python {python}).

| fault | what happens | test | tried |
|---|---|---|---|
"""
_ROW = re.compile(r"^\| (.*?) \| (.*?) \| `(test_.*?)` \| (\S+) \|$", re.MULTILINE)
_NOT_SO = "**not so**: "
WAITING = "not-yet"


@dataclass(frozen=True)
class Row:
    """One fault as it was tried, as cells of the page."""

    fault: str
    outcome: str
    test: str
    tried: str


class Recorder:
    """Hears every report and enters it at once: a run that is cut short counts, too."""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the row of a fault; a failure of set-up or tear-down is one, too."""
        told = dict(report.user_properties)
        if FAULT not in told or report.skipped or not (report.when == "call" or report.failed):
            return
        what, outcome = told[FAULT]
        seen = f" ({told[SEEN]})" if SEEN in told else ""
        verdict = "" if report.passed else _NOT_SO
        test = _cell(report.nodeid.removeprefix("tests/faults/"))
        now = f"{datetime.now(UTC):%Y-%m-%d}"
        _enter(Row(_cell(what), _cell(f"{verdict}{outcome}{seen}"), test, now))


def _enter(row: Row) -> None:
    # Parts of the full form may run side by side.
    with FileLock(_LOCK):
        kept = {found[2]: Row(*found) for found in _ROW.findall(PAGE.read_text())}
        PAGE.write_text(_page(list((kept | {row.test: row}).values())))


def _page(rows: list[Row]) -> str:
    failed = sum(row.outcome.startswith(_NOT_SO) for row in rows)
    waiting = sum(row.tried == WAITING for row in rows)
    head = _HEAD.format(
        command=COMMAND,
        when=f"{datetime.now(UTC):%Y-%m-%d %H:%M}",
        cores=os.cpu_count(),
        memory=psutil.virtual_memory().total / 2**30,
        python=platform.python_version(),
        faults=len(rows),
        passed=len(rows) - failed - waiting,
        failed=failed,
        waiting=waiting,
    )
    ordered = sorted(rows, key=lambda row: row.test)
    return head + "".join(
        f"| {row.fault} | {row.outcome} | `{row.test}` | {row.tried} |\n" for row in ordered
    )


def _cell(text: str) -> str:
    return text.encode("ascii", "backslashreplace").decode().replace("|", "/").replace("\n", " ")
