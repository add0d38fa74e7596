"""docs/faults.md: one row per fault, written by the full suite from what it saw."""

from __future__ import annotations

import os
import platform
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest

PAGE = Path(__file__).parents[2] / "docs" / "faults.md"
IS_FULL = os.environ.get("SCHOOLHOUSE_FAULTS") == "full"
COMMAND = "SCHOOLHOUSE_FAULTS=full make test-faults"
FAULT = "fault"  # the marker, and the user property: what goes wrong, what is to happen
SEEN = "seen"  # user property: what this run counted

_HEAD = """# Bad days

What goes wrong, what Schoolhouse then does, and the test that makes it go wrong for real: a real PostgreSQL,
real files, real processes. "Equal" means that every published mart is compared row by row with a build from
scratch of the same source.

`make test-faults` is the short form (few kills, one drift of each kind); CI does not run
it yet. The full form,
`{command}`, or `SCHOOLHOUSE_FAULTS=full` before `pytest` on some of its tests, writes
the rows of what it tried. Of {faults} faults **{passed} went as described, {failed} did not, {waiting} wait
for their first full run**; last on {when} UTC ({cores} cores, {memory:.0f} GiB, Python {python}).

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


@dataclass
class Recorder:
    """Hears every report, and at the end replaces the rows of what was tried."""

    rows: dict[str, Row] = field(default_factory=dict)

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
        self.rows[test] = Row(_cell(what), _cell(f"{verdict}{outcome}{seen}"), test, now)

    def pytest_sessionfinish(self) -> None:
        """Write the page."""
        before = PAGE.read_text() if PAGE.exists() else ""
        kept = {row[2]: Row(*row) for row in _ROW.findall(before)}
        PAGE.write_text(_page(list((kept | self.rows).values())))


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
