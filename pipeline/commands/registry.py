"""The registry of schools at the source."""

from __future__ import annotations

import psycopg
import typer

from pipeline.errors import PipelineError
from pipeline.screen import say
from pipeline.settings import missing, read_settings

app = typer.Typer()


class RegistryAwayError(PipelineError):
    """The registry's database cannot be reached, or refuses."""

    code = "registry_away"
    default_hint = "SCHOOLHOUSE_REGISTRY_URL needs the right to create a table in the operational database."


@app.command("migrate-registry")
def migrate_registry() -> None:
    """Make the schools table in the operational database where there is none, and change nothing else."""
    from api.registry import migrate

    settings = read_settings()
    url = settings.registry_url or settings.source_url
    if url is None:
        raise missing("registry_url", "it names the database that keeps the schools")
    try:
        is_new = migrate(url.get_secret_value())
    except psycopg.Error as failure:
        # The driver's own message may repeat the address with its password.
        raise RegistryAwayError(f"the registry could not be migrated: {type(failure).__name__}") from failure
    say("the schools table was made" if is_new else "the schools table was there already")
