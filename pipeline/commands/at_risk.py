"""How good the at-risk flag has been on one's own history."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Annotated

import typer

from pipeline.screen import say, show_table
from pipeline.settings import read_settings

app = typer.Typer()


@app.command("evaluate-at-risk")
def evaluate_at_risk(
    days: Annotated[int, typer.Option(min=56, help="Dates to look back over.")] = 180,
    as_json: Annotated[bool, typer.Option("--json", help="The figures as JSON.")] = False,
) -> None:
    """Replay the at-risk flag at past dates and judge it by who stayed away; see docs/at-risk.md."""
    from pipeline.at_risk.judge import judge
    from pipeline.at_risk.page import COLUMNS, MEANING, cells
    from pipeline.at_risk.replay import opened, rules_of

    settings = read_settings()
    with opened(settings) as connection:
        figures = judge(connection, rules_of(settings), days)
    if as_json:
        sys.stdout.write(json.dumps([asdict(one) for one in figures], indent=1) + "\n")
        return
    show_table("", COLUMNS, [cells(one) for one in figures])
    say(MEANING)
