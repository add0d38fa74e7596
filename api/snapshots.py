"""Published snapshots, opened read-only and swapped without a failed request.

`SnapshotStore` holds the current one; `Snapshot` answers queries on one DuckDB cursor a thread. Whoever
uses a snapshot holds it (`store.hold()`, `snapshot.held()`); a replaced one is closed when the last
holder lets go.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import duckdb
import structlog
from cachetools import LRUCache
from pydantic import ValidationError

from api import telemetry
from api.duck import attach, connect, lock
from api.errors import Unavailable
from api.manifest import IDENTITY_FILE, MARTS_FILE, Manifest, is_stale, read_manifest
from api.scope import Caller, Scope
from api.settings import ApiSettings

CURRENT = "current"
REMEMBERED_PEOPLE = 50_000
Row = tuple[Any, ...]
T = TypeVar("T")
Params = Sequence[object] | Mapping[str, Any]

log = structlog.get_logger()


class DamagedSnapshotError(Exception):
    """A snapshot that must not be served; the message names the file or table."""


class Snapshot:
    """One open snapshot: marts as the default schema, people in the schema `identity`.

    All methods may be called from any thread.
    """

    def __init__(self, folder: Path, manifest: Manifest, connection: duckdb.DuckDBPyConnection) -> None:
        self.folder = folder
        self.manifest = manifest
        self._connection = connection
        self._cursors = threading.local()
        self._opened: list[duckdb.DuckDBPyConnection] = []
        self._lock = threading.Lock()
        self._holders = 1
        self._memory: dict[Hashable, Any] = {}
        self._memory_lock = threading.RLock()
        self._people: LRUCache[UUID, int | None] = LRUCache(REMEMBERED_PEOPLE)
        self.scopes: LRUCache[Caller, Scope] = LRUCache(REMEMBERED_PEOPLE)
        self.school_keys: dict[str, int] = {
            str(school): key
            for school, key in self.query(
                "SELECT school_id, school_key FROM dim_school WHERE school_id IS NOT NULL"
            )
        }

    @property
    def id(self) -> str:
        """The id of the snapshot, as in every answer's meta."""
        return self.manifest.id

    @property
    def as_of(self) -> datetime:
        """The moment of the source that the figures are true for."""
        return self.manifest.as_of

    def query(self, sql: str, params: Params = ()) -> list[Row]:
        """All rows of a query as tuples. Values are bound as ? (sequence) or $name (dict)."""
        rows: list[Row] = self._cursor().execute(sql, params).fetchall()
        return rows

    def records(self, sql: str, params: Params = ()) -> list[dict[str, Any]]:
        """All rows of a query, each as a dict by column name."""
        cursor = self._cursor().execute(sql, params)
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def one(self, sql: str, params: Params = ()) -> Row | None:
        """The first row of a query, or None."""
        row: Row | None = self._cursor().execute(sql, params).fetchone()
        return row

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A cursor of its own for a streamed result; the caller closes it."""
        cursor = self._connection.cursor()
        cursor.execute("USE marts")
        return cursor

    def remember(self, key: Hashable, compute: Callable[[], T]) -> T:
        """compute()'s result, kept as long as the snapshot is open, and closed with it if it can be."""
        with self._memory_lock:
            if key not in self._memory:
                self._memory[key] = compute()
            found: T = self._memory[key]
            return found

    def user_key(self, user_id: UUID) -> int | None:
        """The key of a person, or None when the snapshot does not know the id."""
        with self._lock:
            if user_id in self._people:
                return self._people[user_id]
        row = self.one("SELECT user_key FROM identity.users WHERE user_id = ?", [user_id])
        key = None if row is None else int(row[0])
        with self._lock:
            self._people[user_id] = key
        return key

    @contextmanager
    def held(self) -> Iterator[Snapshot]:
        """Keep the snapshot open while the block runs."""
        self.hold()
        try:
            yield self
        finally:
            self.release()

    def hold(self) -> None:
        """Count one more holder."""
        with self._lock:
            self._holders += 1

    def release(self) -> None:
        """Count one holder less; the last one closes the files."""
        with self._lock:
            self._holders -= 1
            is_last = self._holders == 0
        if is_last:
            self._close()

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        cursor: duckdb.DuckDBPyConnection | None = getattr(self._cursors, "cursor", None)
        if cursor is None:
            cursor = self._cursors.cursor = self.cursor()
            with self._lock:
                self._opened.append(cursor)
        return cursor

    def _close(self) -> None:
        closable = (thing for thing in self._memory.values() if hasattr(thing, "close"))
        for thing in (*closable, *self._opened):
            thing.close()
        self._connection.close()
        log.info("snapshot_closed", snapshot=self.id)


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


def open_snapshot(folder: Path, settings: ApiSettings) -> Snapshot:
    """Verify a snapshot folder and open it read-only. Raises DamagedSnapshotError, naming file or table."""
    try:
        manifest = read_manifest(folder)
    except (OSError, ValidationError) as damage:
        raise DamagedSnapshotError("the manifest is missing or unreadable") from damage
    if manifest.id != folder.name:
        raise DamagedSnapshotError("the manifest belongs to another snapshot")
    _verify_files(folder, manifest)
    try:
        return _open(folder, manifest, settings)
    except duckdb.Error as damage:
        raise DamagedSnapshotError(f"DuckDB cannot open it: {type(damage).__name__}") from damage


def _verify_files(folder: Path, manifest: Manifest) -> None:
    for name in {MARTS_FILE, IDENTITY_FILE} | manifest.files.keys():
        entry = manifest.files.get(name)
        if entry is None:
            raise DamagedSnapshotError(f"{name} has no checksum in the manifest")
        try:
            with (folder / name).open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as damage:
            raise DamagedSnapshotError(f"{name} cannot be read") from damage
        if found != entry.sha256:
            raise DamagedSnapshotError(f"{name} does not match its checksum")


def _open(folder: Path, manifest: Manifest, settings: ApiSettings) -> Snapshot:
    # A fresh in-memory database per snapshot: connecting to a path that is still open somewhere in the
    # process would return that older database.
    connection = connect(settings.api_memory_limit, settings.api_threads)
    try:
        attach(connection, folder / MARTS_FILE, "marts")
        attach(connection, folder / IDENTITY_FILE, "identity")
        _verify_tables(connection, manifest)
        lock(connection)
        return Snapshot(folder, manifest, connection)
    except BaseException:
        connection.close()
        raise


def _verify_tables(connection: duckdb.DuckDBPyConnection, manifest: Manifest) -> None:
    rows = connection.execute(
        "SELECT database_name || '.' || table_name FROM duckdb_tables() WHERE schema_name = 'main'"
    ).fetchall()
    found = {name for (name,) in rows}
    wanted = {"identity.users", "marts.dim_school"} | {
        f"marts.{name}" for name in (*manifest.tables, *manifest.marts)
    }
    if missing := sorted(wanted - found):
        raise DamagedSnapshotError(f"tables are missing: {', '.join(missing)}")


def _mark(folder: Path) -> tuple[object, ...]:
    """What changes when somebody repairs a refused snapshot."""
    return (folder.name, *((file.name, file.stat().st_mtime_ns) for file in sorted(folder.iterdir())))
