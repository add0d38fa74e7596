"""The source refuses, falls silent, goes away in the middle, is slow, or keeps a table to itself."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest

from api.runs import RunState
from demo.generate import generate
from demo.server import apply_schema, create_database, embedded_postgres
from ingest import source
from ingest.progress import Silent
from pipeline.run import Options, execute
from pipeline.snapshots import current_id
from pipeline.steps import NIGHTLY
from tests.conftest import SCHOOL_AS_OF, Night, School, settings_of
from tests.faults.outcomes import assert_equal, assert_failed, assert_recovers, assert_whole
from tests.faults.proxy import Line, through

END_ALL = """
SELECT {function}(pid) FROM pg_stat_activity
WHERE application_name = 'schoolhouse-ingest' AND datname = current_database() AND pid <> pg_backend_pid()
"""


class After(Silent):
    """Does something once, when `step` has finished."""

    def __init__(self, step: str, action: Callable[[], object]) -> None:
        self._step, self._action, self._is_done = step, action, False

    def finish(self, step: str, detail: str) -> None:
        if step == self._step and not self._is_done:
            self._is_done = True
            self._action()


def assert_lost(school: School, night: Night, expected: School, run: object, before: str | None) -> None:
    """The run failed by the source, published nothing, and the next night is equal."""
    assert_failed(run, "ingest", "source_failed", "SCHOOLHOUSE_SOURCE_URL")  # type: ignore[arg-type]
    assert assert_whole(school.settings) == before
    assert_recovers(school, night, expected)


@pytest.mark.parametrize(
    ("url", "what"),
    [
        pytest.param(
            url,
            what,
            id=what.replace(" ", "-"),
            marks=pytest.mark.fault(what, "`source_failed` names what libpq said, no password; readable"),
        )
        for url, what in (
            ("postgresql://reader:hunter2@127.0.0.1:1/school", "source refuses connections"),
            ("postgresql://reader:hunter2@nowhere.invalid/school", "source has no address"),
            ("postgresql:///school?host=/nonexistent", "socket of the source is missing"),
        )
    ],
)
def test_a_source_that_cannot_be_reached(evening: School, night: Night, url: str, what: str) -> None:
    """A night that fails for a reason that nobody can read, or that prints the password."""
    before = current_id(evening.settings.snapshots_dir)
    run = night(url, evening.settings.data_dir, as_of=evening.as_of)
    assert_failed(run, "ingest", "source_failed", "SCHOOLHOUSE_SOURCE_URL")
    assert "hunter2" not in str(run.error)
    assert assert_whole(evening.settings) == before


@pytest.mark.fault(
    "source accepts the connection and never answers",
    "`source_failed` after the connection's time limit instead of a night that hangs and holds the lock",
)
def test_a_source_that_falls_silent(evening: School, night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    """A night that waits for ever: no alarm, no figures, and every later night is locked out."""
    monkeypatch.setitem(source.CONNECTION, "connect_timeout", "2")
    started = time.monotonic()
    with through(evening.source_url, Line(silent=True)) as url:
        run = night(url, evening.settings.data_dir, as_of=evening.as_of)
    assert_failed(run, "ingest", "source_failed", "timeout")
    assert time.monotonic() - started < 60


@pytest.mark.parametrize(
    "bytes_until",
    [
        pytest.param(
            size,
            marks=pytest.mark.fault(
                f"line to the source cut after {size:,} bytes",
                "`source_failed`, nothing published; the next night is equal",
            ),
        )
        for size in (500, 20_000, 60_000, 150_000)
    ],
)
def test_a_line_that_is_cut(evening: School, tomorrow: School, night: Night, bytes_until: int) -> None:
    """Half a table taken for the whole, or its rows without the watermark."""
    evening.settings.warehouse_file.unlink()
    before = current_id(evening.settings.snapshots_dir)
    with through(evening.source_url, Line(cut_after=bytes_until)) as url:
        run = night(url, evening.settings.data_dir, as_of=evening.as_of)
    assert_lost(evening, night, tomorrow, run, before)


@pytest.mark.fault("source is slow (30 ms for every 16 KiB)", "the night takes longer and is equal")
def test_a_slow_source(evening: School, tomorrow: School, night: Night) -> None:
    """A timeout of ours that a busy source runs into every night."""
    with through(evening.source_url, Line(delay=0.03)) as url:
        run = night(url, evening.settings.data_dir, as_of=evening.as_of)
    assert run.state is RunState.PUBLISHED, run.error
    assert_equal(evening.settings, tomorrow.settings)


@pytest.mark.parametrize(
    ("table", "function"),
    [
        pytest.param(
            table,
            function,
            id=f"{function}-{table}",
            marks=pytest.mark.fault(
                f"{function} ends our connection to the source after {table}",
                "`source_failed`, nothing published; the next night is equal",
            ),
        )
        for table, function in (("schools", "pg_terminate_backend"), ("quizzes", "pg_terminate_backend"))
    ],
)
def test_a_backend_that_is_terminated(
    evening: School, tomorrow: School, night: Night, table: str, function: str
) -> None:
    """Tables of two moments in one batch."""
    before = current_id(evening.settings.snapshots_dir)

    def end() -> None:
        with psycopg.connect(evening.source_url) as connection:
            connection.execute(END_ALL.format(function=function).encode())

    run = execute(evening.settings, "nightly", NIGHTLY, Options(evening.as_of), After(table, end))
    assert_lost(evening, night, tomorrow, run, before)


@pytest.mark.fault(
    "the administrator's statement timeout cancels our queries",
    "`source_failed` names the cancelled statement, nothing published; the next night is equal",
)
def test_queries_that_are_cancelled(evening: School, tomorrow: School, night: Night) -> None:
    """A cancelled COPY whose rows so far are taken for all."""
    before = current_id(evening.settings.snapshots_dir)
    stop = threading.Event()

    def cancel() -> None:
        with psycopg.connect(evening.source_url, autocommit=True) as connection:
            while not stop.is_set():
                connection.execute(END_ALL.format(function="pg_cancel_backend").encode())

    thread = threading.Thread(target=cancel)
    thread.start()
    try:
        run = night(evening.source_url, evening.settings.data_dir, as_of=evening.as_of)
    finally:
        stop.set()
        thread.join()
    assert_lost(evening, night, tomorrow, run, before)


@pytest.mark.fault(
    "database has a statement timeout of 1 s by default, one table takes longer",
    "our transaction sets its own: the night is equal",
)
def test_a_statement_timeout_by_default(evening: School, tomorrow: School, night: Night) -> None:
    """A default for the platform's short queries that no night can live with."""
    name = urlsplit(evening.source_url).path.lstrip("/")
    with psycopg.connect(evening.source_url, autocommit=True) as connection:
        connection.execute(f'ALTER DATABASE "{name}" SET statement_timeout = 1000'.encode())
        connection.execute("ALTER TABLE quizzes RENAME TO stored")
        connection.execute(
            "CREATE VIEW quizzes AS SELECT stored.* FROM stored, (SELECT pg_sleep(1.5)) AS nap"
        )
    assert_recovers(evening, night, tomorrow)


@pytest.mark.fault(
    "another session holds an exclusive lock on a source table",
    "`source_failed` says lock timeout (60 s), nothing published; the next night is equal",
)
def test_a_locked_table(
    evening: School, tomorrow: School, night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A migration at the source that lets the night wait until the morning."""
    monkeypatch.setitem(source.SETTINGS, "lock_timeout", "1s")
    before = current_id(evening.settings.snapshots_dir)
    with psycopg.connect(evening.source_url) as connection:
        connection.execute("LOCK TABLE quizzes IN ACCESS EXCLUSIVE MODE")
        run = night(evening.source_url, evening.settings.data_dir, as_of=evening.as_of)
    assert_failed(run, "ingest", "source_failed", "lock timeout")
    assert_lost(evening, night, tomorrow, run, before)


@pytest.mark.fault(
    "read-only role lacks SELECT on one table",
    "`schema_mismatch` names the table and the grant that is missing; nothing published; then equal",
)
def test_a_role_without_one_table(evening: School, tomorrow: School, night: Night) -> None:
    """A table that the role cannot see, taken for an empty one."""
    name = urlsplit(evening.source_url).path.lstrip("/")
    role = f"reader_of_{name}"
    with psycopg.connect(evening.source_url, autocommit=True) as connection:
        connection.execute(f'CREATE ROLE "{role}" LOGIN'.encode())
        connection.execute(f'GRANT SELECT ON ALL TABLES IN SCHEMA public TO "{role}"'.encode())
        connection.execute(f'REVOKE SELECT ON consents FROM "{role}"'.encode())
    before = current_id(evening.settings.snapshots_dir)
    url = evening.source_url.replace("postgres@", f"{role}@", 1)

    run = night(url, evening.settings.data_dir, as_of=evening.as_of)

    assert_failed(run, "ingest", "schema_mismatch", "consents", "GRANT SELECT")
    assert assert_whole(evening.settings) == before
    with psycopg.connect(evening.source_url, autocommit=True) as connection:
        connection.execute(f'GRANT SELECT ON consents TO "{role}"'.encode())
    assert_recovers(School(url, evening.settings, evening.as_of), night, tomorrow)


@pytest.mark.fault(
    "source crashes and restarts in mid-copy",
    "`source_failed`, nothing published; the next night is equal to a build from scratch",
)
def test_a_source_that_restarts(night: Night, tmp_path: Path) -> None:
    """Blocks or ids of before the crash that are compared with those of after it."""
    with embedded_postgres(tmp_path / "own") as server:
        url = create_database(server, "school")
        apply_schema(url)
        generate(url, learners=20, events=2_000, days=30, seed=3, as_of=SCHOOL_AS_OF)
        settings = settings_of(url, tmp_path / "data")

        def crash() -> None:
            place = parse_qs(urlsplit(server).query)
            pid = int((tmp_path / "own" / "postmaster.pid").read_text().splitlines()[0])
            os.kill(pid, signal.SIGQUIT)
            while Path(f"{place['host'][0]}/.s.PGSQL.{place['port'][0]}").exists():
                time.sleep(0.05)

        run = execute(settings, "nightly", NIGHTLY, Options(SCHOOL_AS_OF), After("lessons", crash))
        assert_failed(run, "ingest", "source_failed")
        with embedded_postgres(tmp_path / "own") as again:
            url = url.replace(urlsplit(server).query, urlsplit(again).query)
            kept = night(url, settings.data_dir, as_of=SCHOOL_AS_OF)
            assert kept.state is RunState.PUBLISHED, kept.error
            assert night(url, tmp_path / "calm", as_of=SCHOOL_AS_OF).state is RunState.PUBLISHED
            assert_equal(settings, settings_of(url, tmp_path / "calm"))
