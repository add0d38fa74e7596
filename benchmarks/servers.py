"""Servers under measurement: processes of their own on a port of this machine."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from benchmarks.processes import limited

SECRET = "the secret of a benchmark, 32 characters and more"  # noqa: S105


@dataclass(frozen=True)
class Server:
    """A server that answers at `address`."""

    address: str
    pid: int


@contextmanager
def server(
    data_dir: Path, source_url: str, memory_mb: int | None = None, **settings: str
) -> Iterator[Server]:
    """`schoolhouse serve` with one worker and no more memory than that, once it is ready."""
    port = free_port()
    environment = os.environ | {
        "SCHOOLHOUSE_DATA_DIR": str(data_dir),
        "SCHOOLHOUSE_SOURCE_URL": source_url,
        "SCHOOLHOUSE_JWT_SECRET": SECRET,
        **{f"SCHOOLHOUSE_{name.upper()}": value for name, value in settings.items()},
    }
    command = [str(Path(sys.executable).with_name("schoolhouse")), "serve", "--host", "127.0.0.1", "--port", str(port)]  # fmt: skip
    with process(limited(command, memory_mb), port, "/readyz", environment) as running:
        yield running


@contextmanager
def process(
    command: Sequence[str], port: int, path: str, environment: dict[str, str] | None = None
) -> Iterator[Server]:
    """A server process on a port of this machine, ended afterwards."""
    address = f"http://127.0.0.1:{port}"
    running = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until_ready(address + path)
        yield Server(address, running.pid)
    finally:
        running.terminate()
        running.wait(30)


def free_port() -> int:
    """A port of the loopback address that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_ready(address: str) -> None:
    """Raises TimeoutError when the server does not answer 200 within two minutes."""
    for _ in range(1200):
        try:
            if httpx.get(address).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise TimeoutError(address)
