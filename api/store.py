"""The snapshot in use: follows `current`, swaps without a failed request, refuses what is damaged.

Whoever uses a snapshot holds it (`store.hold()`, `snapshot.held()`); a replaced one is closed when the last
holder lets go.
"""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from pathlib import Path

import structlog

from api import telemetry
from api.errors import Unavailable
from api.manifest import is_stale
from api.opening import DamagedSnapshotError, open_snapshot
from api.settings import ApiSettings
from api.snapshots import Snapshot

CURRENT = "current"

log = structlog.get_logger()


class SnapshotStore:
    """The snapshot that `current` points to, or the last good one."""

    def __init__(self, settings: ApiSettings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._current: Snapshot | None = None
        self._refused: tuple[object, ...] | None = None

    @property
    def current(self) -> Snapshot | None:
        """The snapshot in use, without holding it; None before the first one."""
        return self._current

    def hold(self) -> Snapshot:
        """The current snapshot, held for the caller, who releases it. Raises Unavailable without one."""
        with self._lock:
            if self._current is None:
                raise Unavailable("No snapshot has been published yet.")
            self._current.hold()
            return self._current

    def is_stale(self, snapshot: Snapshot) -> bool:
        """Whether answers from the snapshot must be marked stale now."""
        return is_stale(snapshot.manifest, datetime.now(UTC), self._settings.stale_after_hours)

    def refresh(self) -> bool:
        """Follow `current`. True when another snapshot is in use afterwards. Blocks: files are verified."""
        folder = self._published()
        if folder is None or (self._current is not None and self._current.id == folder.name):
            self._refused = None
            return False
        if (mark := _mark(folder)) == self._refused:
            return False
        try:
            fresh = open_snapshot(folder, self._settings)
        except DamagedSnapshotError as damage:
            self._refused = mark
            telemetry.SNAPSHOTS_REFUSED.inc()
            log.error("snapshot_refused", snapshot=folder.name, reason=str(damage))
            return False
        self._refused = None
        self._swap(fresh)
        return True

    def close(self) -> None:
        """Let go of the current snapshot; it closes when the last request has finished."""
        self._swap(None)

    def _published(self) -> Path | None:
        try:
            return (self._settings.snapshots_dir / CURRENT).resolve(strict=True)
        except OSError:
            return None

    def _swap(self, fresh: Snapshot | None) -> None:
        with self._lock:
            old, self._current = self._current, fresh
        if fresh is not None:
            telemetry.observe_snapshot(fresh.manifest)
            log.info("snapshot_opened", snapshot=fresh.id, replaces=old.id if old else None)
        if old is not None:
            old.release()


def _mark(folder: Path) -> tuple[object, ...]:
    """What changes when somebody repairs a refused snapshot."""
    return (folder.name, *((file.name, file.stat().st_mtime_ns) for file in sorted(folder.iterdir())))
