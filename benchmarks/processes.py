"""A command as a process of its own: how long it took, and how much memory at its peak."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

POLL_SECONDS = 0.02


@dataclass(frozen=True)
class Ended:
    """Wall seconds from start to exit, peak resident set in MB, and what was printed."""

    seconds: float
    peak_mb: float
    printed: str


def run(
    command: Sequence[str], environment: Mapping[str, str] | None = None, folder: Path | None = None
) -> Ended:
    """Run it to its end. Raises RuntimeError with the end of what it printed when it fails."""
    with tempfile.TemporaryFile("w+") as output:
        started = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=folder, env=os.environ | (environment or {}), stdout=output, stderr=output
        )
        peak = 0.0
        while process.poll() is None:
            peak = max(peak, peak_mb(process.pid))
            time.sleep(POLL_SECONDS)
        seconds = time.perf_counter() - started
        output.seek(0)
        printed = output.read()
    if process.returncode:
        raise RuntimeError(f"{' '.join(command[:4])} failed: {printed[-2000:]}")
    return Ended(seconds, peak, printed)


def peak_mb(pid: int) -> float:
    """The peak so far. Not ru_maxrss: that begins with the memory of the process that started this one."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:  # just gone
        return 0.0
    found = next((line for line in lines if line.startswith("VmHWM")), None)
    return int(found.split()[1]) / 1024 if found else 0.0
