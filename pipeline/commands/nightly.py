"""The night and its single steps."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.runs import RunRecord, RunState
from pipeline.errors import ExitCode
from pipeline.screen import say, show_failure
from pipeline.settings import Engine, Settings, read_settings

if TYPE_CHECKING:
    from pipeline.run import Step

app = typer.Typer()


def moment(text: str) -> datetime:
    """An ISO 8601 time with its offset. Raises BadParameter for anything else."""
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no ISO 8601 time, such as 2026-11-22T01:45:00Z.") from None
    if parsed.tzinfo is None:
        raise typer.BadParameter(f"{text!r} has no offset; add one, such as +00:00 or Z.")
    return parsed


AsOf = Annotated[
    datetime | None,
    typer.Option("--as-of", parser=moment, metavar="TIME", help="Ignore later rows. ISO 8601 with offset."),
]
AllowTruncation = Annotated[
    bool, typer.Option("--allow-truncation", help="Follow the source even if most rows of a table are gone.")
]
UseEngine = Annotated[
    Engine | None, typer.Option("--engine", help="What builds the models; SCHOOLHOUSE_ENGINE when not given.")
]
ReportDir = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Write the morning reports there; default SCHOOLHOUSE_REPORT_DIR."),
]


@app.command()
def nightly(
    as_of: AsOf = None,
    allow_truncation: AllowTruncation = False,
    engine: UseEngine = None,
    report: ReportDir = None,
) -> None:
    """Ingest, build, audit, publish; exit 0 only when published."""
    settings = _settings(engine)
    if report is not None:
        settings = settings.model_copy(update={"report_dir": report})
    run_nightly(settings, "nightly", as_of, allow_truncation)


@app.command()
def ingest(as_of: AsOf = None, allow_truncation: AllowTruncation = False) -> None:
    """Copy what changed at the source into the warehouse."""
    settings = read_settings()
    settings.require_source_url()
    from pipeline.steps import INGEST

    run_steps(settings, "ingest", (INGEST,), as_of, allow_truncation)


@app.command()
def build(engine: UseEngine = None) -> None:
    """Erase who has left, build and audit the models on what has been ingested."""
    from pipeline.steps import BUILD, ERASE

    run_steps(_settings(engine), "build", (ERASE, BUILD))


@app.command()
def publish(engine: UseEngine = None) -> None:
    """Publish the last build; refused unless it is complete."""
    from pipeline.steps import PUBLISH, PURGE

    run_steps(_settings(engine), "publish", (PUBLISH, PURGE))


def run_nightly(
    settings: Settings, command: str, as_of: datetime | None = None, allow_truncation: bool = False
) -> None:
    """Run a whole night; every command that needs one calls this."""
    from ingest.progress import reporter_for
    from pipeline.night import night
    from pipeline.run import Options

    with reporter_for(sys.stderr) as report:
        run = night(settings, command, Options(as_of, allow_truncation), report)
    end(run)


def _settings(engine: Engine | None) -> Settings:
    settings = read_settings()
    return settings.model_copy(update={"engine": engine}) if engine else settings


def run_steps(
    settings: Settings,
    command: str,
    steps: tuple[Step, ...],
    as_of: datetime | None = None,
    allow_truncation: bool = False,
) -> None:
    """Run steps with progress on stderr, as a night does, but without its reports and notices."""
    from pipeline.lake.require import check_engine

    check_engine(settings)
    from ingest.progress import reporter_for
    from pipeline.run import Options, execute

    with reporter_for(sys.stderr) as report:
        run = execute(settings, command, steps, Options(as_of, allow_truncation), report)
    end(run)


def end(run: RunRecord) -> None:
    """Say how a run ended, and leave with exit code 1 on a failure."""
    if run.state is RunState.FAILED:
        show_failure(run)
        raise typer.Exit(ExitCode.FAILED)
    say(f"{run.state}: {run.snapshot_id}" if run.snapshot_id else f"{run.state}: run {run.run_id}")
