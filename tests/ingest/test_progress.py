"""Progress: bars on a terminal, plain lines elsewhere."""

from __future__ import annotations

import io
import os
import pty
from contextlib import suppress

from ingest.progress import Bars, Lines, Silent, reporter_for
from tests.ingest.conftest import School


def test_one_plain_line_per_table_when_nobody_watches(school: School) -> None:
    school.event(school.user())
    stream = io.StringIO()
    with reporter_for(stream) as report:
        assert isinstance(report, Lines)
        school.ingest(report=report)
    lines = stream.getvalue().splitlines()
    assert len(lines) == 15
    assert lines[-1].startswith("analytics: 1 rows read, 1 new, 0 changed, 0 gone, ")
    assert "\x1b" not in stream.getvalue()


def test_bars_on_a_terminal(school: School) -> None:
    school.event(school.user())
    controller, terminal = pty.openpty()
    with os.fdopen(terminal, "w") as stream, reporter_for(stream) as report:
        assert isinstance(report, Bars)
        report.advance("copy [of] all", 5, 3)
        report.advance("copy [of] all", 7, 3)
        school.ingest(report=report)
        report.finish("copy [of] all", "7 rows [done]")
        report.finish("never started", "at once")
    shown = _everything(controller)
    assert "copy [of] all: 7 rows [done]" in shown
    assert "never started: at once" in shown
    assert "\x1b[" in shown


def _everything(controller: int) -> str:
    """What a terminal showed, once nothing writes to it any more."""
    shown = b""
    with suppress(OSError):
        while more := os.read(controller, 1 << 16):
            shown += more
    os.close(controller)
    return shown.decode()


def test_the_optional_table_that_is_missing_says_so(smallest: School) -> None:
    stream = io.StringIO()
    smallest.ingest(report=Lines(stream))
    assert "schools: not at the source" in stream.getvalue().splitlines()


def test_silence() -> None:
    silent = Silent()
    assert silent.advance("step", 1) is None  # type: ignore[func-returns-value]
    assert silent.finish("step", "done") is None  # type: ignore[func-returns-value]
