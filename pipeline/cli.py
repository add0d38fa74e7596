"""The `schoolhouse` command line. Exit codes: 0 done, 1 failed, 2 wrong use, 3 another run holds the lock."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from typing import Any

import duckdb
import structlog
import typer
from typer.core import TyperGroup

from pipeline import commands
from pipeline.diagnosis import diagnose
from pipeline.errors import PipelineError
from pipeline.screen import show_error
from pipeline.settings import read_settings


class Group(TyperGroup):
    """Turns the errors of every command into one readable screen and their exit code."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        if not structlog.is_configured():
            # What a command prints is its answer; what is logged on the way goes beside it.
            structlog.configure(logger_factory=_beside)
        try:
            return super().invoke(ctx)
        except PipelineError as error:
            raise _exit(error) from error
        except (OSError, duckdb.Error) as error:
            told = diagnose(error, read_settings().data_dir)
            if told is None:
                raise
            raise _exit(told) from error


def _exit(error: PipelineError) -> typer.Exit:
    show_error(error.code, str(error), error.hint)
    return typer.Exit(error.exit_code)


def _beside(*_: Any) -> structlog.PrintLogger:
    return structlog.PrintLogger(sys.stderr)


app = typer.Typer(
    name="schoolhouse",
    cls=Group,
    help="The analytics warehouse of a learning platform.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for _module in pkgutil.iter_modules(commands.__path__):
    app.add_typer(importlib.import_module(f"{commands.__name__}.{_module.name}").app)


def main() -> None:
    """Entry point of the console script."""
    # What the snapshots of a server log is no answer of a command; servers set their logs up themselves.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("warning"))
    app()


if __name__ == "__main__":
    main()
