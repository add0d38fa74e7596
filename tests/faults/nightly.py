"""`schoolhouse nightly` in a process of its own that begins at once: its parent has imported SQLMesh."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Mapping
from multiprocessing import get_context
from multiprocessing.context import ForkServerProcess

FORKS = get_context("forkserver")
FORKS.set_forkserver_preload(
    ["tests.faults.nightly", "pipeline.cli", "pipeline.steps", "pipeline.build", "pipeline.publish"]
)


def start(variables: Mapping[str, str], *arguments: str) -> ForkServerProcess:
    """A running night with these environment variables; what it says is thrown away."""
    process = FORKS.Process(target=_play, args=(dict(variables), arguments))
    process.start()
    return process


def _play(variables: dict[str, str], arguments: tuple[str, ...]) -> None:
    from pipeline.cli import app

    gc.freeze()  # as in tests/conftest.py: what was imported need not be looked through for garbage
    gc.set_threshold(50_000, 20, 20)
    os.environ.update(variables)
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, sys.stdout.fileno())
    os.dup2(nothing, sys.stderr.fileno())
    app(["nightly", *arguments])
