"""What is configured, and where it came from."""

from __future__ import annotations

import typer

from pipeline.screen import show_table
from pipeline.setting_sources import explain

app = typer.Typer()


@app.command()
def settings() -> None:
    """List every setting: value (secrets hidden), where it came from, meaning, default."""
    rows = [(one.variable, one.value, one.source, one.default, one.description) for one in explain()]
    show_table("", ("setting", "value", "from", "default", "meaning"), rows)
