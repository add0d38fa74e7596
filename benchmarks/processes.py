"""A command as a process of its own: how long it took, and how much memory at its peak."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import ParamSpec, TypeVar

POLL_SECONDS = 0.02
# For servers: RLIMIT_DATA, in KiB: what a process has mapped for itself to write to, used or not (VmData). An allocation
# beyond it fails, whoever asks. Arrow's allocator would map 1 GiB at once for whatever it may need some day: not so here.
LIMITED = ("sh", "-c", 'ulimit -d "$0" && exec env MIMALLOC_ARENA_EAGER_COMMIT=0 "$@"')

Given = ParamSpec("Given")
Made = TypeVar("Made")


@dataclass(frozen=True)
class Ended:
    """Wall seconds from start to exit, what was printed, and in MB the peaks of its memory.

    `peak_mb` is resident, `mapped_mb` what a limit counts, as seen every POLL_SECONDS.
    """

    seconds: float
    peak_mb: float
    printed: str
    mapped_mb: float = 0.0


class CommandError(RuntimeError):
    """A command that did not end well: how it ended, and its exit code (negative: the signal that killed it)."""

    def __init__(self, command: Sequence[str], ended: Ended, code: int) -> None:
        super().__init__(f"{' '.join(command[:4])} failed: {ended.printed[-2000:]}")
        self.ended = ended
        self.code = code


def run(
    command: Sequence[str],
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    memory_mb: int | None = None,
) -> Ended:
    """Run it to its end; with more than that much resident memory it is killed. Raises CommandError.

    Resident and not mapped: DuckDB's allocator keeps gigabytes mapped that it has given back.
    """
    with tempfile.TemporaryFile("w+") as output:
        started = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=os.environ | (environment or {}),
            stdout=output,
            stderr=output,
        )
        peak = mapped = 0.0
        while process.poll() is None:
            peak, mapped = max(peak, peak_mb(process.pid)), max(mapped, mapped_mb(process.pid))
            if memory_mb and peak > memory_mb:
                process.kill()
            time.sleep(POLL_SECONDS)
        seconds = time.perf_counter() - started
        output.seek(0)
        ended = Ended(seconds, peak, output.read(), mapped)
    if process.returncode:
        raise CommandError(command, ended, process.returncode)
    return ended


def limited(command: Sequence[str], memory_mb: int | None) -> Sequence[str]:
    """The command that runs this one with so much memory at most, under the same process id."""
    return [*LIMITED, str(memory_mb * 1024), *command] if memory_mb else command


def apart(function: Callable[Given, Made], *values: Given.args, **named: Given.kwargs) -> Made:
    """Call a function in a process of its own, which leaves no memory behind."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, *values, **named).result()


def peak_mb(pid: int) -> float:
    """The peak so far. Not ru_maxrss: that begins with the memory of the process that started this one."""
    return _status_mb(pid, "VmHWM")


def mapped_mb(pid: int) -> float:
    """What it has mapped now of what a limit counts."""
    return _status_mb(pid, "VmData")


def _status_mb(pid: int, name: str) -> float:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:  # just gone
        return 0.0
    found = next((line for line in lines if line.startswith(name)), None)
    return int(found.split()[1]) / 1024 if found else 0.0
