"""The embedded server: shared, restartable, and quick to copy databases in."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

import demo.server
from demo.server import (
    SCHEMA_FILE,
    DemoError,
    apply_schema,
    create_database,
    database_url,
    drop_database,
    embedded_postgres,
)
from tests.demo.conftest import TABLES, rows, value

HOLD = """
import sys, time
from pathlib import Path
from demo.server import embedded_postgres
with embedded_postgres(Path(sys.argv[1])):
    print("up", flush=True)
    time.sleep(float(sys.argv[2]))
"""


def hold(path: Path, seconds: float) -> subprocess.Popen[str]:
    """Keep the server running in another process; return once it is up."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path), str(seconds)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"
    return process


def answers(url: str) -> bool:
    try:
        return value(url, "SELECT 1") == 1
    except psycopg.OperationalError:
        return False


def test_rows_survive_a_restart(tmp_path: Path) -> None:
    with embedded_postgres(tmp_path / "postgres") as server:
        url = create_database(server, "kept")
        apply_schema(url)
    assert not answers(server)
    with embedded_postgres(tmp_path / "postgres") as server:
        assert value(database_url(server, "kept"), "SELECT count(*) FROM users") == 0


def test_the_last_one_to_leave_stops_the_server(tmp_path: Path) -> None:
    # Guards against a test process that ends and takes the server of the others with it.
    with embedded_postgres(tmp_path / "postgres") as outer:
        with embedded_postgres(tmp_path / "postgres") as inner:
            assert inner == outer
        assert answers(outer)
        with hold(tmp_path / "postgres", 0.0) as other:
            assert other.wait() == 0
        assert answers(outer)
    assert not answers(outer)


def test_a_killed_process_neither_blocks_nor_leaks_the_server(tmp_path: Path) -> None:
    with hold(tmp_path / "postgres", 60.0) as killed:
        killed.send_signal(signal.SIGKILL)
    with embedded_postgres(tmp_path / "postgres") as url:
        assert answers(url)
    assert not answers(url)


def test_a_pid_file_left_by_a_crash_is_ignored(tmp_path: Path) -> None:
    # Guards against taking any process that got the old number for the server.
    path = tmp_path / "postgres"
    with embedded_postgres(path):
        lines = (path / "postmaster.pid").read_text().splitlines()
    (path / "postmaster.pid").write_text("\n".join(["1", *lines[1:]]) + "\n")
    with embedded_postgres(path) as url:
        assert answers(url)


def test_a_server_that_cannot_start_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "postgres"
    with embedded_postgres(path):
        pass
    monkeypatch.setattr(demo.server, "START_SECONDS", 0.0)
    monkeypatch.setitem(demo.server.SETTINGS, "max_connections", "many")
    started = time.monotonic()
    with pytest.raises(DemoError, match="does not start"), embedded_postgres(path):
        pass
    assert time.monotonic() - started < 60  # it does not wait for the 90 seconds of a start


def test_a_copy_has_the_rows_of_its_template(postgres_server: str) -> None:
    template = create_database(postgres_server, "copied_from")
    apply_schema(template)
    with psycopg.connect(template) as connection:
        connection.execute("INSERT INTO courses (title) VALUES ('Algebra')")
    copy = create_database(postgres_server, "copied_to", template="copied_from")
    assert rows(copy, "SELECT title FROM courses") == [("Algebra",)]


def test_dropping_ends_connections_and_is_repeatable(postgres_server: str) -> None:
    url = create_database(postgres_server, "dropped")
    with psycopg.connect(url):
        drop_database(postgres_server, "dropped")
    drop_database(postgres_server, "dropped")
    assert not answers(url)


@pytest.mark.parametrize(
    ("name", "template", "message"),
    [("postgres", None, "'postgres'.*already exists"), ("fresh", "nowhere", "'fresh'.*nowhere")],
)
def test_creating_says_what_is_wrong(
    postgres_server: str, name: str, template: str | None, message: str
) -> None:
    with pytest.raises(DemoError, match=message):
        create_database(postgres_server, name, template=template)


def test_odd_names_are_quoted(postgres_server: str) -> None:
    url = create_database(postgres_server, 'odd "name" %/')
    assert value(url, "SELECT current_database()") == 'odd "name" %/'
    drop_database(postgres_server, 'odd "name" %/')


def test_text_sorts_by_code_point(postgres_server: str) -> None:
    # DuckDB sorts so; a locale's order would make equal lists look different.
    url = create_database(postgres_server, "sorted")
    assert value(url, "SELECT array_agg(t ORDER BY t) FROM unnest(ARRAY['b', 'Å', 'a', 'B']) t") == [
        "B",
        "a",
        "b",
        "Å",
    ]


def test_the_schema_is_the_contract(postgres_server: str) -> None:
    url = create_database(postgres_server, "whole")
    apply_schema(url)
    found = rows(url, "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
    assert tuple(table for (table,) in found) == TABLES
    with pytest.raises(DemoError, match="already"):
        apply_schema(url)


def test_the_smallest_schema_leaves_out_all_that_is_optional(postgres_server: str) -> None:
    url = create_database(postgres_server, "smallest")
    apply_schema(url, smallest=True)
    tables = rows(url, "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
    assert [table for (table,) in tables] == [
        "analytics",
        "class_enrollments",
        "classes",
        "courses",
        "lessons",
        "quiz_attempts",
        "quizzes",
        "user_progress",
        "users",
    ]
    optional = ("school_id", "birth_date", "leaderboard_opt_out", "subject", "pass_score", "due_at")
    left = "SELECT count(*) FROM information_schema.columns WHERE column_name = ANY(%s)"
    assert value(url, left, list(optional)) == 0
    assert SCHEMA_FILE.read_text().count("[optional column]") == 7
