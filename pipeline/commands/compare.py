"""Shadow comparison of the API with the source, for a rollout."""

from __future__ import annotations

from typing import Annotated

import typer

from pipeline.screen import say
from pipeline.settings import read_settings

app = typer.Typer()


@app.command()
def compare(
    sample: Annotated[int, typer.Option(min=1, help="Requests to compare.")] = 50,
    address: Annotated[str, typer.Option("--api", help="Where the API listens.")] = "http://127.0.0.1:8000",
    seed: Annotated[int, typer.Option(help="Equal seeds ask equal questions.")] = 1,
) -> None:
    """Ask the API and the source the same questions and print the differences; exit 1 if there are any."""
    from pipeline.compare import compare as ask_both

    found = ask_both(read_settings(), address, sample, seed)
    for line in found.differences:
        say(line)
    say(f"{found.asked} requests compared, {len(found.differences)} differences")
    if found.differences and found.changed_since:
        say(f"{found.changed_since:,} rows were changed at the source after the snapshot: not a quiet source")
    if found.differences:
        raise typer.Exit(1)
