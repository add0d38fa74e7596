"""Progress of long steps: bars on a terminal, plain lines elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol, TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn


class Reporter(Protocol):
    """Hears what a run is doing."""

    def advance(self, step: str, done: int, total: int | None = None) -> None:
        """`done` units of `step` are behind us, of about `total` (None: unknown)."""

    def finish(self, step: str, detail: str) -> None:
        """`step` is complete; `detail` is one short line."""


class Silent:
    """Says nothing."""

    def advance(self, step: str, done: int, total: int | None = None) -> None:
        """Ignore it."""

    def finish(self, step: str, detail: str) -> None:
        """Ignore it."""


class Lines:
    """One line per finished step."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def advance(self, step: str, done: int, total: int | None = None) -> None:
        """Lines tell of finished steps only."""

    def finish(self, step: str, detail: str) -> None:
        """Write the line at once, so that a log can be followed."""
        self._stream.write(f"{step}: {detail}\n")
        self._stream.flush()


class Bars:
    """A bar per running step; a finished step becomes a line above the bars."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}

    def advance(self, step: str, done: int, total: int | None = None) -> None:
        """Move the bar of the step, with an estimated total that gives way when it proves too small."""
        if step not in self._tasks:
            self._tasks[step] = self._progress.add_task(step, total=total)
        known = max(total, done) if total else None
        self._progress.update(self._tasks[step], completed=done, total=known)

    def finish(self, step: str, detail: str) -> None:
        """Replace the bar by its line."""
        if step in self._tasks:
            self._progress.remove_task(self._tasks.pop(step))
        self._progress.console.print(f"{step}: {detail}", markup=False, highlight=False)


@contextmanager
def reporter_for(stream: TextIO) -> Iterator[Reporter]:
    """Bars when `stream` is a terminal, else lines."""
    if not stream.isatty():
        yield Lines(stream)
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(file=stream), transient=True) as progress:
        yield Bars(progress)
