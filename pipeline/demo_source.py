"""The demo's own operational database: kept under the data directory and filled once."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import psycopg
from psycopg import sql
from pydantic import SecretStr

from demo.generate import generate
from demo.server import apply_schema, create_database, database_url, drop_database, embedded_postgres
from pipeline.errors import UsageError
from pipeline.files import PRIVATE, write_atomic
from pipeline.settings import Settings

DATABASE = "school"
UNFINISHED = "school_unfinished"
LEARNERS = 400
EVENTS = 150_000
DAYS = 300
SEED = 2026


@contextmanager
def demo_settings(
    settings: Settings, *, learners: int = LEARNERS, events: int = EVENTS, as_of: datetime | None = None
) -> Iterator[Settings]:
    """Settings that point to the running demo source, with a secret of the demo's own.

    Raises UsageError when the data directory holds the warehouse of a real source.
    """
    _refuse_real_data(settings)
    settings.demo_dir.mkdir(parents=True, exist_ok=True)
    with embedded_postgres(settings.demo_dir / "postgres") as server:
        if not _exists(server):
            _fill(server, learners, events, as_of)
        own = {
            "source_url": SecretStr(database_url(server, DATABASE)),
            "registry_url": None,
            "jwt_secret": SecretStr(_secret(settings)),
            "jwks": None,
        }
        yield settings.model_copy(update=own)


def _refuse_real_data(settings: Settings) -> None:
    if settings.warehouse_file.exists() and not settings.demo_dir.exists():
        raise UsageError(
            f"{settings.data_dir} holds the warehouse of another source; the demo would mix with it.",
            hint="Set SCHOOLHOUSE_DATA_DIR to a folder of the demo's own.",
        )


def _exists(server: str) -> bool:
    with psycopg.connect(server) as connection:
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
    return found is not None


def _fill(server: str, learners: int, events: int, as_of: datetime | None) -> None:
    """Fill under another name first: a killed demo leaves no half-filled school behind."""
    drop_database(server, UNFINISHED)
    url = create_database(server, UNFINISHED)
    apply_schema(url)
    generate(url, learners=learners, events=events, days=DAYS, seed=SEED, as_of=as_of)
    rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(rename.format(sql.Identifier(UNFINISHED), sql.Identifier(DATABASE)))


def _secret(settings: Settings) -> str:
    path = settings.demo_dir / "jwt_secret"
    if not path.exists():
        write_atomic(path, secrets.token_urlsafe(48).encode(), mode=PRIVATE)

    return path.read_text()
