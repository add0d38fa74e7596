"""The whole product on a machine that has nothing: a source, a night, the API."""

from __future__ import annotations

import sys
import time
from typing import Annotated

import typer

from pipeline.errors import PipelineError
from pipeline.screen import say
from pipeline.settings import Settings, read_settings

app = typer.Typer()
_ROUND_SECONDS = 0.5


class CheckError(PipelineError):
    """The served demo does not answer as it should."""

    code = "demo_check"


@app.command()
def demo(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of the API.")] = 8000,
    learners: Annotated[int, typer.Option(min=20, help="Learners of a new demo.")] = 400,
    events: Annotated[int, typer.Option(min=1_000, help="Events of a new demo.")] = 150_000,
) -> None:
    """A generated school year in a real PostgreSQL, one night, then API and dashboard until Ctrl-C.

    Without a terminal it checks itself over HTTP and ends.
    """
    from pipeline.commands.nightly import run_nightly
    from pipeline.demo_source import demo_settings

    say("Starting PostgreSQL and filling it with a school year, unless that is done already ...")
    with demo_settings(read_settings(), learners=learners, events=events) as settings:
        run_nightly(settings, "demo")
        _show(settings, port)


def _show(settings: Settings, port: int) -> None:
    from pipeline.demo_tour import check, serving, show_built, show_tokens, tokens
    from pipeline.snapshots import current_folder, manifest_of

    folder = current_folder(settings.snapshots_dir)
    show_built(manifest_of(folder.parent, folder.name))
    signed = tokens(settings)
    is_watched = sys.stdin.isatty() and sys.stdout.isatty()
    with serving(settings, port if is_watched else 0) as address:
        show_tokens(signed, address)
        if is_watched:
            _wait_for_interrupt()
        elif problems := check(signed, address):
            raise CheckError("; ".join(problems))
    say("Checked: the API is ready and answers every role." if not is_watched else "Stopped.")


def _wait_for_interrupt() -> None:
    # Whoever reads the line may act on it at once: the interrupt must find us waiting. In rounds, because one
    # that comes while this thread hands over to the server's, just before it falls asleep, does not wake it.
    try:
        say("Ctrl-C stops it.")
        while True:
            time.sleep(_ROUND_SECONDS)
    except KeyboardInterrupt:
        say()
