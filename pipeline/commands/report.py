"""The morning report, and a test of the way that bad news takes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.screen import say
from pipeline.settings import missing, read_settings

app = typer.Typer()


@app.command()
def report(
    school: Annotated[
        str | None, typer.Option(help="Code or id of the school; the whole platform without.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="F", help="Page to write; PNG charts go beside it.")
    ] = None,
) -> None:
    """Write the morning report of the current snapshot: one page of HTML, and its charts as PNG."""
    from pipeline.report.write import write_report

    say(str(write_report(read_settings(), school, out)))


@app.command()
def notice() -> None:
    """Send a test notice over every channel that a failed night is told through."""
    from datetime import UTC, datetime

    from pipeline.notice.deliver import deliver
    from pipeline.notice.message import trial_notice

    settings = read_settings()
    told = deliver(trial_notice(settings, datetime.now(UTC)), settings)
    if not told:
        raise missing("notice_webhook_url", "that or SCHOOLHOUSE_NOTICE_SMTP_HOST names who is told")
    say(told)
