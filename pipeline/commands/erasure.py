"""Erase people now, prove that somebody is gone, and hand a person everything that is held about them."""

from __future__ import annotations

from pathlib import Path, PurePath
from typing import Annotated
from uuid import UUID

import typer

from pipeline.commands.nightly import run_nightly
from pipeline.errors import ExitCode, UsageError
from pipeline.screen import say
from pipeline.settings import read_settings

app = typer.Typer()

UserId = Annotated[UUID, typer.Argument(help="Id of the user at the source.")]
Output = Annotated[
    Path | None,
    typer.Option("--output", "--out", help="New folder to write into; in the current one without."),
]


@app.command()
def erase() -> None:
    """Run pending erasures now: a whole night, since figures over the erased people are made anew."""
    run_nightly(read_settings(), "erase")


@app.command("verify-erasure")
def verify_erasure(
    user_id: UserId,
    marker: Annotated[
        list[str] | None, typer.Option(help="Further text to search, such as an e-mail address; repeatable.")
    ] = None,
) -> None:
    """Search raw, models, snapshots and every file for a person; exit 1 if anything is left."""
    from pipeline.verify import verify_erasure as search

    proof = search(read_settings(), user_id, tuple(marker or ()))
    for trace in proof.traces:
        say(f"{trace.file}: {trace.place}: {trace.count}")
    if not proof.is_gone:
        say(f"{len(proof.traces)} places still hold the person.")
        raise typer.Exit(ExitCode.FAILED)
    ledger = "in the ledger" if proof.is_in_ledger else "not in the ledger: never known here"
    say(f"Nothing is left. {ledger}; receipts: {', '.join(proof.receipts) or 'none'}")


@app.command("export-person")
def export_person(
    user_id: UserId,
    output: Output = None,
) -> None:
    """Write all that the warehouse holds about one person, with meanings (GDPR Art. 15 and 20)."""
    from pipeline.person import export_person as export

    folder = _new_folder(output, f"person-{user_id}")
    tables = export(read_settings(), user_id, folder)
    say(f"{folder}: {len(tables)} tables, {sum(tables.values()):,} rows")


@app.command("export-public")
def export_public(
    school: Annotated[str, typer.Option(help="Code of the school.")],
    output: Output = None,
) -> None:
    """Write the aggregates that a school may publish; figures about few people are withheld."""
    from pipeline.public import export_public as export

    folder = _new_folder(output, f"public-{PurePath(school).name}")
    withheld = export(read_settings(), school, folder)
    say(f"{folder}: withheld {', '.join(f'{count} of {name}' for name, count in withheld.items())}")


def _new_folder(wanted: Path | None, name: str) -> Path:
    """The folder to write into, in the current one unless named. Raises UsageError when it is there."""
    folder = wanted or Path(name)
    if folder.exists():
        raise UsageError(f"{folder} exists already.", hint="Name a new folder with --output.")
    return folder
