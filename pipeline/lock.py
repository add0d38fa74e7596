"""One run at a time on a data directory, whose files are the owner's alone unless said otherwise."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from pipeline.errors import LockedError
from pipeline.files import PRIVATE
from pipeline.settings import Settings


@contextmanager
def run_lock(settings: Settings) -> Iterator[None]:
    """Hold the data directory, or raise LockedError at once when another process holds it.

    The operating system gives the lock back when its holder dies, however it dies. What is made while it is
    held, DuckDB's logs and spilled data among it, is readable by the owner only.
    """
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    lock = FileLock(settings.lock_file, timeout=0, mode=PRIVATE)
    try:
        lock.acquire()
    except Timeout:
        raise LockedError(f"Another run is working on {settings.data_dir}.") from None
    usual = os.umask(0o077)
    try:
        if settings.warehouse_file.exists():
            settings.warehouse_file.chmod(PRIVATE)  # one made by an older version
        yield
    finally:
        os.umask(usual)
        lock.release()
