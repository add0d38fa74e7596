"""The API over a data directory: `schoolhouse serve` in a process of its own, asked through real HTTP."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import jwt

from tests.tracing import unmeasured

ROOT = Path(__file__).parents[2]
SECRET = "differential-suite-secret-0123456789abcdef"
START_SECONDS = 180


@dataclass(frozen=True)
class Api:
    """A running API."""

    client: httpx.Client

    def get(
        self, path: str, claims: dict[str, str], parameters: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Return the body of a successful GET below /api/v1; anything but 200 is an assertion error."""
        token = jwt.encode(
            claims | {"exp": datetime.now(UTC) + timedelta(hours=1)}, SECRET, algorithm="HS256"
        )
        answer = self.client.get(
            f"/api/v1{path}", params=parameters or {}, headers={"Authorization": f"Bearer {token}"}
        )
        assert answer.status_code == 200, f"{claims} {path} {parameters}: {answer.status_code} {answer.text}"
        body: dict[str, Any] = answer.json()
        return body


@contextmanager
def serve(data_dir: Path, source_url: str, small_group: int) -> Iterator[Api]:
    """Run the API on a free port until the block is left."""
    port = _free_port()
    settings = {
        "SCHOOLHOUSE_DATA_DIR": str(data_dir),
        "SCHOOLHOUSE_SOURCE_URL": source_url,
        "SCHOOLHOUSE_JWT_SECRET": SECRET,
        "SCHOOLHOUSE_SMALL_GROUP": str(small_group),
    }
    command = [sys.executable, "-m", "pipeline.cli", "serve", "--host", "127.0.0.1", "--port", str(port)]
    log = data_dir.with_name(f"{data_dir.name}-api.log")
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env=unmeasured(os.environ) | settings, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=120) as client:
                _wait_until_ready(client, process, log)
                yield Api(client)
        finally:
            process.terminate()
            process.wait(timeout=120)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_ready(client: httpx.Client, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            if client.get("/readyz").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError(
        f"the API does not get ready: {log.read_text(encoding='utf-8', errors='replace')[-2000:]}"
    )
