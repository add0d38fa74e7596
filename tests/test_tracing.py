"""What coverage measures although it rests in libraries: all of ours that ran, and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

_OURS = """
from library import work

def told(number):
    if number > 1:
        return "many"
    return "one"

def never():
    return 0

def calls(library):
    before = 1
    try:
        found = library(told)
    except ValueError:
        found = "failed"
    if found == "one":
        after = before
    else:
        after = 0
    return after

calls(work)
calls(lambda told: work(told, fails=True))
"""
_LIBRARY = """
from tests.tracing import rest, wake

@rest
def work(told, fails=False):
    if fails:
        raise ValueError
    return wake(told)(1)
"""


def test_coverage_keeps_count_of_where_it_is(tmp_path: Path) -> None:
    """A tracer that misses a return takes later lines for the library's: tested code would look untested."""
    (tmp_path / "ours.py").write_text(_OURS)
    (tmp_path / "library.py").write_text(_LIBRARY)
    measure = [sys.executable, "-m", "coverage"]
    run = ["run", "--rcfile=/dev/null", "--branch", "--data-file=data", "--include=*/ours.py", "ours.py"]
    _run([*measure, *run], tmp_path)
    _run([*measure, "json", "--rcfile=/dev/null", "--data-file=data", "-o", "report.json"], tmp_path)
    (found,) = json.loads((tmp_path / "report.json").read_text())["files"].values()
    lines = _OURS.splitlines()
    assert [lines[number - 1].strip() for number in found["missing_lines"]] == ['return "many"', "return 0"]
    assert [lines[start - 1].strip() for start, _ in found["missing_branches"]] == ["if number > 1:"]


def _run(command: list[str], folder: Path) -> None:
    """With our own `tests` importable, and nothing of the coverage of this very run."""
    environment = {"PYTHONPATH": f"{Path(__file__).resolve().parents[1]}"}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
