"""The API over a data directory: `schoolhouse serve` in a process of its own, asked through real HTTP."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import jwt

from tests.tracing import unmeasured
from tests.waiting import PATIENCE, free_port, is_ready, wait_until

ROOT = Path(__file__).parents[2]
SECRET = "differential-suite-secret-0123456789abcdef"


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
    port = free_port()
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
            address = f"http://127.0.0.1:{port}"
            wait_until(lambda: process.poll() is not None or is_ready(address), f"{log} tells of a start")
            assert process.poll() is None, log.read_text(encoding="utf-8", errors="replace")[-2000:]
            with httpx.Client(base_url=address, timeout=PATIENCE) as client:
                yield Api(client)
        finally:
            process.terminate()
            process.wait(timeout=PATIENCE)
