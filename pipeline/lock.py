"""One run at a time on a data directory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from pipeline.errors import LockedError
from pipeline.settings import Settings


@contextmanager
def run_lock(settings: Settings) -> Iterator[None]:
    """Hold the data directory, or raise LockedError at once when another process holds it.

    The operating system gives the lock back when its holder dies, however it dies.
    """
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    lock = FileLock(settings.lock_file, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise LockedError(f"Another run is working on {settings.data_dir}.") from None
    try:
        yield
    finally:
        lock.release()
