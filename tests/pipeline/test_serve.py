"""`schoolhouse serve` starts, answers, and stops when it is told to."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time

import httpx

from tests.conftest import JWT_SECRET, School

PATIENCE = 120


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def answer(url: str) -> object:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            response = httpx.get(url, timeout=PATIENCE)
            response.raise_for_status()
            return response.json()
        except httpx.HTTPError:
            assert time.monotonic() < deadline
            time.sleep(0.1)


def test_it_serves_the_current_snapshot_until_it_is_stopped(school: School) -> None:
    port = free_port()
    given = {
        "SCHOOLHOUSE_DATA_DIR": str(school.settings.data_dir),
        "SCHOOLHOUSE_JWT_SECRET": JWT_SECRET,
    }
    command = [sys.executable, "-m", "pipeline.cli", "serve", "--port", str(port)]
    with subprocess.Popen(command, env=os.environ | given, stderr=subprocess.PIPE) as server:
        ready = answer(f"http://127.0.0.1:{port}/readyz")
        server.send_signal(signal.SIGTERM)
        _, errors = server.communicate(timeout=PATIENCE)

    assert school.snapshot.name in json.dumps(ready)
    assert b"Traceback" not in errors
    assert server.returncode in (0, -signal.SIGTERM)
