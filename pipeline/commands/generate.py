"""Believable data for any empty operational database."""

from __future__ import annotations

from typing import Annotated

import typer

from pipeline.commands.nightly import AsOf
from pipeline.screen import say, show_table
from pipeline.settings import read_settings

app = typer.Typer()


@app.command()
def generate(
    learners: Annotated[int, typer.Option(min=1, help="Accounts with role STUDENT.")] = 400,
    events: Annotated[int, typer.Option(min=1, help="Rows of the activity stream.")] = 150_000,
    days: Annotated[int, typer.Option(min=1, help="Days that the events are spread over.")] = 300,
    seed: Annotated[int, typer.Option(help="Equal seeds and times make equal data.")] = 1,
    as_of: AsOf = None,
) -> None:
    """Fill the empty operational database of SCHOOLHOUSE_SOURCE_URL with plausible data, in bulk."""
    from demo.generate import generate as fill
    from demo.server import DemoError
    from pipeline.errors import UsageError

    url = read_settings().require_source_url()
    try:
        made = fill(url, learners=learners, events=events, days=days, seed=seed, as_of=as_of)
    except DemoError as error:
        raise UsageError(str(error), hint="Give it an empty database with the operational schema.") from error
    show_table("", ("table", "rows"), made.rows.items())
    say(f"as of {made.as_of.isoformat()}")
