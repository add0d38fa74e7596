"""Nights without any scheduler of the machine's."""

from __future__ import annotations

from typing import Annotated

import typer

from pipeline.commands.nightly import ReportDir
from pipeline.settings import read_settings

app = typer.Typer()


@app.command()
def schedule(
    at: Annotated[str, typer.Option(metavar="HH:MM", help="Time of day at which a night is due.")] = "02:00",
    timezone: Annotated[str, typer.Option(metavar="ZONE", help="IANA zone of that time.")] = "UTC",
    grace: Annotated[
        float, typer.Option(min=0, help="Seconds that a running night has to end after SIGTERM or Ctrl-C.")
    ] = 20,
    report: ReportDir = None,
) -> None:
    """Run a night every day until stopped; one that was missed runs at once.

    Logs are JSON lines on stderr. A night that fails, crashes or finds the lock held does not end it.
    """
    from api import logs
    from pipeline.due import read_timetable
    from pipeline.night_process import NightProcess
    from pipeline.schedule import keep_schedule

    timetable = read_timetable(at, timezone)
    settings = read_settings()
    settings.require_source_url()
    logs.configure()
    arguments = () if report is None else ("--report", str(report))
    keep_schedule(settings, timetable, NightProcess(arguments), grace)
