"""docs/faults.md: one row per fault, written by the full suite from what it saw."""

from __future__ import annotations

import os
import platform
import time
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

`make test-faults` is the short form that CI runs (few kills, one drift of each kind); the table below is
written by the full form.

| record | |
|---|---|
| command | `{command}` |
| when | {when} UTC, {minutes:.0f} minutes |
| machine | {cores} cores, {memory:.0f} GiB, Python {python} |
| faults | {faults}: {passed} as described, {failed} not |

| fault | what happens | test |
|---|---|---|
"""


@dataclass(frozen=True)
class Row:
    """One fault as it was tried."""

    test: str
    fault: str
    outcome: str
    passed: bool


@dataclass
class Recorder:
    """Hears every report and writes the page at the end of a run that left nothing out."""

    config: pytest.Config
    started: float = field(default_factory=time.monotonic)
    rows: dict[str, Row] = field(default_factory=dict)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the row of a fault; a failure of set-up or tear-down is one, too."""
        told = dict(report.user_properties)
        if FAULT in told and (report.when == "call" or report.failed):
            what, outcome = told[FAULT]
            seen = f" ({told[SEEN]})" if SEEN in told else ""
            self.rows[report.nodeid] = Row(report.nodeid, what, f"{outcome}{seen}", report.passed)

    def pytest_sessionfinish(self) -> None:
        """Write the page, unless only some of the tests were asked for."""
        if not self.config.option.keyword and len(self.config.args) == 1 and "::" not in self.config.args[0]:
            PAGE.write_text(_page(list(self.rows.values()), time.monotonic() - self.started))


def _page(rows: list[Row], seconds: float) -> str:
    head = _HEAD.format(
        command=COMMAND,
        when=f"{datetime.now(UTC):%Y-%m-%d %H:%M}",
        minutes=seconds / 60,
        cores=os.cpu_count(),
        memory=psutil.virtual_memory().total / 2**30,
        python=platform.python_version(),
        faults=len(rows),
        passed=sum(row.passed for row in rows),
        failed=sum(not row.passed for row in rows),
    )
    return head + "".join(_line(row) for row in sorted(rows, key=lambda row: row.test))


def _line(row: Row) -> str:
    verdict = "" if row.passed else "**not so**: "
    test = row.test.removeprefix("tests/faults/")
    return f"| {_cell(row.fault)} | {verdict}{_cell(row.outcome)} | `{_cell(test)}` |\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
