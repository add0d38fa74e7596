"""Fail when our packages are covered by less than 95 % of lines or 90 % of branches.

coverage's own `fail_under` mixes both into one figure, so a gap in branches could hide behind lines.
Run after pytest: `python -m tests.coverage_gate`.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

MINIMUM_LINES = 95.0
MINIMUM_BRANCHES = 90.0


def main() -> int:
    """Combine the data files, print the report, and return 1 when a minimum is missed."""
    subprocess.run([sys.executable, "-m", "coverage", "combine", "--quiet"], check=False)
    subprocess.run([sys.executable, "-m", "coverage", "report"], check=True)
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "coverage.json"
        subprocess.run([sys.executable, "-m", "coverage", "json", "--quiet", "-o", str(target)], check=True)
        totals = json.loads(target.read_text())["totals"]
    lines = share(totals["covered_lines"], totals["num_statements"])
    branches = share(totals["covered_branches"], totals["num_branches"])
    print(f"lines {lines:.1f} % (at least {MINIMUM_LINES})")  # noqa: T201
    print(f"branches {branches:.1f} % (at least {MINIMUM_BRANCHES})")  # noqa: T201
    return int(lines < MINIMUM_LINES or branches < MINIMUM_BRANCHES)


def share(part: int, whole: int) -> float:
    """Return part of whole in percent; an empty whole is fully covered."""
    return 100.0 * part / whole if whole else 100.0


if __name__ == "__main__":
    raise SystemExit(main())
