"""What people see: tables on a terminal, plain text elsewhere, failures in one readable screen."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from rich import box
from rich.console import Console
from rich.table import Table

from api.runs import RunRecord

PLAIN_WIDTH = 200


def console(*, stderr: bool = False) -> Console:
    """A console on stdout or stderr; wide and without colour when nobody looks at it."""
    is_terminal = (sys.stderr if stderr else sys.stdout).isatty()
    return Console(stderr=stderr, width=None if is_terminal else PLAIN_WIDTH, highlight=False, markup=False)


def show_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows as a table; numbers to the right, NULL as nothing."""
    table = Table(title=title or None, box=box.SIMPLE_HEAD, title_justify="left")
    cells = [list(row) for row in rows]
    for position, column in enumerate(columns):
        numbers = all(isinstance(row[position], int | float) for row in cells)
        table.add_column(column, justify="right" if numbers and cells else "left", overflow="fold")
    for row in cells:
        table.add_row(*(_text(value) for value in row))
    console().print(table)


def say(text: str = "") -> None:
    """Print one line on stdout."""
    console().print(text, soft_wrap=True)


def show_error(code: str, message: str, hint: str) -> None:
    """Say what failed, why, and what to do next, on stderr."""
    screen = console(stderr=True)
    screen.print(f"error ({code}): {message}", style="bold red", soft_wrap=True)
    if hint:
        screen.print(f"next: {hint}", soft_wrap=True)


def show_failure(run: RunRecord) -> None:
    """Say which step of a run failed, and why."""
    if run.error:
        show_error(f"{run.error.step}/{run.error.code}", run.error.message, run.error.hint)


def _text(value: object) -> str:
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
