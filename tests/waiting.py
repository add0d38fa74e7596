"""Servers of the tests: ports that nobody uses, and waiting for what happens in another process or thread."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import TypeVar

import httpx

T = TypeVar("T")
PATIENCE = 120.0  # on a busy machine; what takes longer does not happen
PAUSE = 0.02


def wait_until(happened: Callable[[], T], what: str, seconds: float = PATIENCE) -> T:
    """The first true value of `happened()`. Fails with what did not happen in that many seconds."""
    deadline = time.monotonic() + seconds
    while not (found := happened()):
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        time.sleep(PAUSE)
    return found


def is_ready(address: str) -> bool:
    """Whether a server answers that it is ready to serve."""
    try:
        return httpx.get(f"{address}/readyz", timeout=PATIENCE).status_code == 200
    except httpx.TransportError:
        return False


def free_port() -> int:
    """A port of this machine that nobody uses now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
