"""The source: one REPEATABLE READ, READ ONLY transaction, which several connections can share."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Any

import psycopg
import pyarrow as pa
from adbc_driver_manager import Error as AdbcError
from adbc_driver_postgresql import StatementOptions, dbapi
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from ingest.errors import SourceError
from ingest.redact import redact

BATCH_BYTES = 8 << 20
APPLICATION = "schoolhouse-ingest"
# row_security off: a policy that would hide rows raises instead. Timeouts are those of a long read.
SETTINGS = {
    "application_name": APPLICATION,
    "timezone": "UTC",
    "row_security": "off",
    "jit": "off",
    "work_mem": "64MB",
    "lock_timeout": "60s",
    "statement_timeout": "0",
    "transaction_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
}
# Of a line that is dead we hear after two minutes; what the URL says wins.
CONNECTION = {
    "connect_timeout": "30",
    "keepalives_idle": "60",
    "keepalives_interval": "10",
    "keepalives_count": "6",
    "tcp_user_timeout": "120000",
}
_SNAPSHOT = re.compile(r"[0-9A-Fa-f-]+")


@dataclass(frozen=True)
class Snapshot:
    """What identifies the transaction: its now() in UTC and the name others import it by.

    `name` is None on a standby, where PostgreSQL exports no snapshots.
    """

    now: datetime
    name: str | None


class Source:
    """One connection inside the transaction. Not for use by two threads at once."""

    def __init__(self, connection: Any, url: str, snapshot: Snapshot, door: Lock) -> None:
        self._connection = connection
        self._url = url
        self._door = door
        self.snapshot = snapshot

    def query(self, sql: str, *values: str, settings: Mapping[str, str] | None = None) -> pa.Table:
        """The whole (small) result of `sql` with `values` bound to $1, $2, …; settings as for batches()."""
        self._set(settings)
        with self._errors(), self._connection.cursor() as cursor:
            cursor.execute(sql, values or None)
            return cursor.fetch_arrow_table()

    def batches(self, sql: str, settings: Mapping[str, str] | None = None) -> Iterator[pa.RecordBatch]:
        """Batches of about BATCH_BYTES. COPY takes no parameters: `settings` binds values for
        current_setting('schoolhouse.<name>') in `sql`."""
        self._set(settings)
        hint = {StatementOptions.BATCH_SIZE_HINT_BYTES.value: str(BATCH_BYTES)}
        with self._errors(), self._connection.cursor(adbc_stmt_kwargs=hint) as cursor:
            cursor.execute(sql)
            with cursor.fetch_record_batch() as reader:
                yield from reader

    def leave_reading_ahead(self) -> None:
        """Read ahead by the operating system alone, until the transaction ends.

        PostgreSQL's own (from version 17 on) begins anew with every range of pages, which costs as much as
        the scan.
        """
        self.query("SELECT set_config('effective_io_concurrency', '0', true)")

    def _set(self, settings: Mapping[str, str] | None) -> None:
        for name, value in (settings or {}).items():
            self.query("SELECT set_config('schoolhouse.' || $1, $2, true)", name, value)

    @contextmanager
    def fresh(self) -> Iterator[Source]:
        """A connection for one reading: a share of its own, where there are shares."""
        if self.snapshot.name is None:
            yield self
        else:
            with self.share() as own:
                yield own

    @contextmanager
    def share(self) -> Iterator[Source]:
        """Another connection that sees exactly the same rows."""
        with _opened(self._another, self._url, self._door) as connection:
            other = Source(connection, self._url, self.snapshot, self._door)
            with other._errors():
                _command(connection, _BEGIN)
                _command(connection, f"SET TRANSACTION SNAPSHOT '{self.snapshot.name}'")
                _set_up(connection)
            yield other

    def _another(self) -> Any:
        # Of a database that it opens the driver reads all types first: ten times the price of a connection.
        connection = self._connection.adbc_clone()
        connection.adbc_connection.set_autocommit(True)
        return connection

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (AdbcError, pa.ArrowException, OSError) as error:
            # What goes wrong in the midst of a stream is Arrow's error, not the driver's.
            raise _source_error(error, self._url) from None


_BEGIN = "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"


@contextmanager
def open_source(url: str) -> Iterator[Source]:
    """Connect and begin the transaction. Raises SourceError."""
    door = Lock()
    with _opened(lambda: dbapi.connect(_with_limits(url), autocommit=True), url, door) as connection:
        try:
            _command(connection, _BEGIN)
            _set_up(connection)
            snapshot = _snapshot(connection)
        except AdbcError as error:
            raise _source_error(error, url) from None
        yield Source(connection, url, snapshot, door)


@contextmanager
def _opened(connect: Callable[[], Any], url: str, door: Lock) -> Iterator[Any]:
    """A connection, closed afterwards. The driver's database takes one thread at a time: that is the door."""
    try:
        with door:
            connection = connect()
    except (AdbcError, psycopg.ProgrammingError) as error:
        raise _source_error(error, url) from None
    try:
        yield connection
    finally:
        with door:
            connection.close()


def _with_limits(url: str) -> str:
    return make_conninfo("", **{**CONNECTION, **conninfo_to_dict(url)})


def _command(connection: Any, sql: str) -> None:
    # execute() would wrap it in COPY, which takes queries only.
    with connection.cursor() as cursor:
        cursor.adbc_statement.set_sql_query(sql)
        cursor.adbc_statement.execute_update()


def _set_up(connection: Any) -> None:
    with connection.cursor() as cursor:
        # Names that this version of PostgreSQL does not know are left out.
        cursor.execute(
            "SELECT set_config(known.name, wanted.value, true) FROM json_each_text($1::json) AS wanted "
            "JOIN pg_settings AS known ON known.name ILIKE wanted.key",
            (json.dumps(SETTINGS),),
        )
        cursor.fetchall()


def _snapshot(connection: Any) -> Snapshot:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT now(), CASE WHEN pg_is_in_recovery() THEN NULL::text ELSE pg_export_snapshot() END"
        )
        now, name = cursor.fetchone()
    if name is not None and not _SNAPSHOT.fullmatch(name):
        raise SourceError("the source exported a snapshot with an unexpected name")
    return Snapshot(now, name)


def _source_error(error: Exception, url: str) -> SourceError:
    return SourceError(redact(str(error).strip(), url))
