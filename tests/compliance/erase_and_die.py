"""One erasure in a process of its own, killed at a chosen point.

Arguments: data directory, data directory with the published snapshot, and `module:function:when` or nothing.

Publishing is a copy of a snapshot that was published after the same erasure: building is not what is tested.
"""

from __future__ import annotations

import importlib
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb

from pipeline import erase
from pipeline.rewrite import CATALOG
from pipeline.snapshots import current_id, switch
from tests.conftest import settings_of

UNCOMPRESSED = {"force_compression": "uncompressed"}


def main(data_dir: Path, published: Path, kill: str) -> None:
    """Erase from begin to finish, or to the point of the kill."""
    if kill:
        _arm(*kill.split(":"))
    settings = settings_of("postgresql://nobody", data_dir)
    with duckdb.connect(config=UNCOMPRESSED) as connection:
        connection.execute(f"ATTACH '{settings.warehouse_file}' AS {CATALOG}")
        connection.execute(f"USE {CATALOG}")
        erase.begin(connection, settings)
    _publish(published / "snapshots", settings.snapshots_dir)
    erase.finish(settings, UNCOMPRESSED)


def _publish(source: Path, target: Path) -> None:
    snapshot_id = str(current_id(source))
    shutil.copytree(source / snapshot_id, target / snapshot_id, dirs_exist_ok=True)
    switch(target, snapshot_id)


def _arm(module: str, function: str, when: str) -> None:
    home = importlib.import_module(module)
    real: Callable[..., Any] = getattr(home, function)

    def dying(*args: Any, **kwargs: Any) -> Any:
        result = real(*args, **kwargs) if when == "after" else None
        os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(home, function, dying)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
