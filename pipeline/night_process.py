"""A night as a process of its own: its memory goes back with it, and its crash reaches nobody."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence

LAST_WORDS_SECONDS = 10


class NightProcess:
    """`schoolhouse nightly` with `arguments`, one at a time, in a session of its own: it hears no Ctrl-C."""

    def __init__(self, arguments: Sequence[str]) -> None:
        self._command = (sys.executable, "-P", "-m", "pipeline.cli", "nightly", *arguments)
        self._starting = threading.Lock()
        self.is_stopped = False
        self._child: subprocess.Popen[str] | None = None

    def run(self, hear: Callable[[str], None]) -> int | None:
        """Run a night, giving each line that it writes to `hear`.

        Returns its exit code, minus the signal that ended it, or None when `stop` came first.
        """
        child = self._start()
        if child is None:
            return None
        with child:
            for line in child.stdout or ():
                hear(line.rstrip())
        return child.returncode

    def stop(self, is_over: Callable[[], bool]) -> None:
        """Start no more; let the running night go on until `is_over`; then interrupt it, or kill it."""
        with self._starting:
            self.is_stopped = True
        child = self._child
        if child is None:
            return
        while child.poll() is None and not is_over():
            pass
        if child.poll() is None:
            child.send_signal(signal.SIGINT)
            _bury(child)

    @property
    def is_running(self) -> bool:
        """Whether a night is at work."""
        return self._child is not None and self._child.poll() is None

    def _start(self) -> subprocess.Popen[str] | None:
        with self._starting:
            if self.is_stopped:
                return None
            self._child = subprocess.Popen(  # noqa: S603
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                start_new_session=True,
            )
            return self._child


def _bury(child: subprocess.Popen[str]) -> None:
    try:
        child.wait(LAST_WORDS_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
