"""SQL on the published marts, at any time: a snapshot is never written again."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from pipeline.query import open_shell, run_query
from pipeline.settings import read_settings
from pipeline.snapshots import current_folder

app = typer.Typer()


class Format(StrEnum):
    """How the rows are written."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


@app.command()
def sql(
    query: Annotated[str | None, typer.Argument(help="One statement; an interactive shell without.")] = None,
    output: Annotated[Format, typer.Option("--format", help="How the rows are written.")] = Format.TABLE,
) -> None:
    """Query the current marts, read-only."""
    folder = current_folder(read_settings().snapshots_dir)
    if query is None:
        raise typer.Exit(open_shell(folder))
    run_query(folder, query, output.value)
