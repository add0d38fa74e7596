"""The API, and tokens to call it with."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID, uuid4

import typer

from api.tokens import Role, TokenClaims, expiry, sign_token
from pipeline.screen import say
from pipeline.settings import missing, read_settings

app = typer.Typer()


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on.")] = 8000,
    workers: Annotated[int, typer.Option(min=1, help="Processes that answer.")] = 1,
) -> None:
    """Serve the API on the current snapshot until it is stopped."""
    from api.serve import run

    settings = read_settings()
    if settings.jwt_secret is None and settings.jwks is None:
        raise missing("jwt_secret", "callers are verified with it (or with SCHOOLHOUSE_JWKS)")
    run("pipeline.service:make_app", settings, host=host, port=port, workers=workers)


@app.command()
def token(
    role: Annotated[Role, typer.Option(help="What the caller is.")],
    school: Annotated[UUID | None, typer.Option(help="School of the caller; without: none.")] = None,
    user: Annotated[UUID | None, typer.Option(help="Id of the caller; a random one without.")] = None,
    hours: Annotated[float, typer.Option(min=0.01, help="How long it is valid.")] = 1,
) -> None:
    """Print a signed token for tests and tools."""
    settings = read_settings()
    claims = TokenClaims(
        sub=user or uuid4(),
        role=role,
        expires_at=expiry(datetime.now(UTC), hours),
        school_id=school,
        issuer=settings.jwt_issuer,
        audience=settings.jwt_audience,
    )
    say(sign_token(settings.require_jwt_secret(), claims))
