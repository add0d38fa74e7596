"""The demo: from nothing to an API that answers, twice, and never on somebody's real warehouse."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator

import psycopg
import pytest
from typer.testing import CliRunner

from demo.server import database_url, embedded_postgres
from pipeline.cli import app
from pipeline.demo_source import DATABASE, demo_settings
from pipeline.demo_tour import check, serving
from pipeline.settings import Settings
from tests.conftest import School
from tests.tracing import unmeasured

PATIENCE = 120.0
SMALL = ["demo", "--learners", "30", "--events", "2000"]


@pytest.mark.usefixtures("environment")
def test_demo_checks_itself_and_keeps_its_data(command_line: CliRunner, settings: Settings) -> None:
    first = command_line.invoke(app, SMALL)
    secret = (settings.demo_dir / "jwt_secret").read_text()
    second = watch([*SMALL, "--port", "0"])

    assert first.exit_code == 0, first.output
    assert second.endswith("Stopped.")
    assert "Checked: the API is ready and answers every role." in first.stdout
    assert "engagement_daily" in first.stdout
    assert "audits passed; snapshot" in first.stdout
    assert [
        name for name in ("ADMIN", "TEACHER", "STUDENT", "ANALYST") if f"{name}=ey" not in first.stdout
    ] == []
    assert (settings.demo_dir / "jwt_secret").read_text() == secret
    assert stat.S_IMODE((settings.demo_dir / "jwt_secret").stat().st_mode) == 0o600
    with embedded_postgres(settings.demo_dir / "postgres") as server:
        assert events(database_url(server, DATABASE)) == 2_000


def watch(arguments: list[str]) -> str:
    """What somebody at a terminal sees who presses Ctrl-C as soon as the API is up."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "pipeline.cli", *arguments]
    with subprocess.Popen(
        command,
        env=unmeasured(os.environ),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=_heed_interrupts,
    ) as demo:
        os.close(theirs)
        try:
            seen = _read(ours, until=b"Ctrl-C stops it.")
            demo.send_signal(signal.SIGINT)
            seen += _read(ours)
            demo.wait(PATIENCE)
        finally:
            demo.kill()  # a demo that does not stop must not stop the tests
    os.close(ours)
    assert demo.returncode == 0, seen.decode()
    return seen.decode().strip()


def _heed_interrupts() -> None:
    """Tests that a shell runs in the background inherit that interrupts are ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _read(terminal: int, *, until: bytes | None = None) -> bytes:
    """What is printed up to a text, or to the end; fails when nothing comes any more."""
    seen = b""
    with contextlib.suppress(OSError):  # the terminal is gone when the process is
        while until is None or until not in seen:
            assert select.select([terminal], [], [], PATIENCE)[0], seen.decode()
            if not (chunk := os.read(terminal, 4096)):
                break
            seen += chunk
    return seen


def events(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT count(*) FROM analytics").fetchone()
    return int(row[0]) if row else 0


def test_demo_stays_away_from_a_real_warehouse(command_line: CliRunner, settings: Settings) -> None:
    """Guards against a demo that replaces the figures of a school by invented ones."""
    settings.data_dir.mkdir()
    settings.warehouse_file.touch()

    result = command_line.invoke(app, ["demo"])

    assert result.exit_code == 2
    assert "holds the warehouse of another source" in result.stderr
    assert not settings.demo_dir.exists()


def test_half_filled_demo_is_filled_again(settings: Settings) -> None:
    """Guards against a demo that was killed while filling and shows half a school ever after."""
    with embedded_postgres(settings.demo_dir / "postgres") as server, psycopg.connect(server) as connection:
        connection.autocommit = True
        connection.execute("CREATE DATABASE school_unfinished")

    with demo_settings(settings, learners=20, events=1_000) as own:
        assert events(own.require_source_url()) == 1_000
        assert own.require_jwt_secret() == (settings.demo_dir / "jwt_secret").read_text()


@pytest.fixture
def address(school: School) -> Iterator[str]:
    """Address of an API on the published school."""
    with serving(school.settings) as address:
        yield address


def test_check_names_what_does_not_answer(address: str) -> None:
    """Guards against a check that cannot fail."""
    problems = check(dict.fromkeys(("admin", "teacher", "student", "analyst"), "no token"), address)

    assert len(problems) == 4
    assert all("401" in problem for problem in problems)
