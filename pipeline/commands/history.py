"""What has been run and published, and the way back."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from api.manifest import Manifest
from api.runs import read_runs
from pipeline.lock import run_lock
from pipeline.screen import say, show_table
from pipeline.settings import read_settings
from pipeline.snapshots import current_id, manifests, previous_id, switch
from pipeline.status import runs_as_json, show_runs

app = typer.Typer()


@app.command()
def status(
    as_json: Annotated[bool, typer.Option("--json", help="The runs as JSON, newest first.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="Runs to show.")] = 5,
) -> None:
    """Show the last runs: steps, rows, orphans, late rows, audits, snapshot, and why not."""
    settings = read_settings()
    runs = read_runs(settings.runs_dir)[:limit]
    if as_json:
        sys.stdout.write(runs_as_json(runs) + "\n")
    else:
        show_runs(runs, current_id(settings.snapshots_dir))


@app.command()
def snapshots() -> None:
    """List the published snapshots, newest first."""
    folder = read_settings().snapshots_dir
    current = current_id(folder)
    columns = ("", "snapshot", "as_of", "built_at", "rows", "bytes", "audits")
    show_table("", columns, [_line(one, one.id == current) for one in reversed(manifests(folder))])


@app.command()
def rollback(
    snapshot_id: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="Default: the one before.")
    ] = None,
) -> None:
    """Switch `current` to an older snapshot; a running API follows."""
    settings = read_settings()
    with run_lock(settings):
        folder = settings.snapshots_dir
        target = snapshot_id or previous_id(folder)
        switch(folder, target)
    say(f"current: {target}")


def _line(manifest: Manifest, is_current: bool) -> tuple[object, ...]:
    return (
        "*" if is_current else "",
        manifest.id,
        manifest.as_of.isoformat(timespec="seconds"),
        manifest.built_at.isoformat(timespec="seconds"),
        sum(manifest.tables.values()),
        sum(file.bytes for file in manifest.files.values()),
        f"{manifest.audits_passed}/{manifest.audits_total}",
    )
