"""One open snapshot: queries on one DuckDB cursor a thread, open as long as somebody holds it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import duckdb
import structlog
from cachetools import LRUCache

from api.manifest import Manifest
from api.scope import Caller, Scope

REMEMBERED_PEOPLE = 50_000
Row = tuple[Any, ...]
T = TypeVar("T")
Params = Sequence[object] | Mapping[str, Any]

log = structlog.get_logger()


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
        schools = self.query("SELECT school_key, school_id FROM dim_school")
        self.school_ids: dict[int, str] = {key: str(school) for key, school in schools if school is not None}
        self.school_keys: dict[str, int] = {school: key for key, school in self.school_ids.items()}

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
        # What is there already must not wait for what somebody else computes.
        if key not in self._memory:
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
