"""`schoolhouse serve` starts, answers, and stops when it is told to."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import httpx

from tests.conftest import JWT_SECRET, School
from tests.waiting import PATIENCE, free_port, is_ready, wait_until


def test_it_serves_the_current_snapshot_until_it_is_stopped(school: School) -> None:
    port = free_port()
    given = {
        "SCHOOLHOUSE_DATA_DIR": str(school.settings.data_dir),
        "SCHOOLHOUSE_JWT_SECRET": JWT_SECRET,
    }
    command = [sys.executable, "-m", "pipeline.cli", "serve", "--port", str(port)]
    with subprocess.Popen(command, env=os.environ | given, stderr=subprocess.PIPE) as server:
        address = f"http://127.0.0.1:{port}"
        wait_until(lambda: is_ready(address), "the server is ready")
        ready = httpx.get(f"{address}/readyz").json()
        server.send_signal(signal.SIGTERM)
        _, errors = server.communicate(timeout=PATIENCE)

    assert school.snapshot.name in json.dumps(ready)
    assert b"Traceback" not in errors
    assert server.returncode in (0, -signal.SIGTERM)
