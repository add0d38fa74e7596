"""A real uvicorn in a thread of the test process, and tokens to call it with."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any
from uuid import UUID

import httpx
import uvicorn
from fastapi import FastAPI

from api.app import create_app
from api.patience import Patience
from api.serve import worker_app
from api.settings import ApiSettings
from api.tokens import Role, TokenClaims, sign_token
from tests.waiting import PATIENCE, free_port, is_ready, wait_until

_MAIN = """
from api.serve import run
from api.settings import ApiSettings
run("tests.api.serving:app_of_environment", ApiSettings(), host="127.0.0.1", port={port}, workers={workers})
"""
SECRET = "a secret of the tests, long enough for HS256"
BASE = "/api/v1"


def settings_for(data_dir: Path, **changes: Any) -> ApiSettings:
    """Settings of a server on a data folder, whatever the environment says.

    Nothing is withheld from students: what is hidden of small groups has tests of its own.
    """
    defaults: dict[str, Any] = {
        "data_dir": data_dir,
        "dashboard_dir": data_dir / "dashboard",
        "small_group": 1,
    }
    if "jwks" not in changes:
        defaults["jwt_secret"] = SECRET
    return ApiSettings(_env_file=None, **(defaults | changes))  # type: ignore[call-arg]


@contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    """Run the app on a free port; gives its address."""
    config = uvicorn.Config(app, port=0, http=Patience, log_config=None, access_log=False, lifespan="on")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the server ended before it had started"
        time.sleep(0.01)
    try:
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(60)
        assert not thread.is_alive(), "the server did not stop"


@contextmanager
def client_of(settings: ApiSettings) -> Iterator[httpx.Client]:
    """A client of a server of its own with these settings."""
    with serving(create_app(settings)) as address, httpx.Client(base_url=address, timeout=30) as client:
        yield client


@contextmanager
def served(
    data_dir: Path, workers: int, errors: int | IO[bytes] = subprocess.PIPE, **settings: str
) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """The API as `schoolhouse serve` runs it, and its address; its log goes to `errors`."""
    port = free_port()
    given = {"DATA_DIR": str(data_dir), "JWT_SECRET": SECRET} | settings
    environment = os.environ | {f"SCHOOLHOUSE_{name}": value for name, value in given.items()}
    process = subprocess.Popen(
        [sys.executable, "-c", _MAIN.format(port=port, workers=workers)],
        env=environment,
        stderr=errors,
    )
    try:
        address = f"http://127.0.0.1:{port}"
        wait_until(lambda: process.poll() is not None or is_ready(address), "the server starts")
        assert process.poll() is None
        yield process, address
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE)


def token(
    role: Role | str, school_id: UUID | None = None, user_id: UUID | None = None, *, hours: float = 24
) -> str:
    """A signed HS256 token."""
    person = user_id or UUID(int=0xABC << 64)
    expires_at = datetime.now(UTC) + timedelta(hours=hours)
    return sign_token(SECRET, TokenClaims(person, Role(role), expires_at, school_id))


def bearer(role: Role | str, school_id: UUID | None = None, user_id: UUID | None = None) -> dict[str, str]:
    """Headers of a caller."""
    return {"Authorization": f"Bearer {token(role, school_id, user_id)}"}


def app_of_environment() -> FastAPI:
    """The factory that worker processes import: settings come from the environment."""
    return worker_app(ApiSettings())
