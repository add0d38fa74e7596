"""`schoolhouse sql`: read-only, on the published marts alone."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.settings import Settings
from tests.pipeline.conftest import MakeSnapshot


def test_rows_as_table_csv_and_json_agree(command_line: CliRunner, make_snapshot: MakeSnapshot) -> None:
    make_snapshot(is_current=True)
    query = "SELECT number, number * 1.5 AS more, NULL AS nothing, DATE '2026-03-29' AS day FROM numbers"

    table = command_line.invoke(app, ["sql", query])
    rows = list(csv.reader(io.StringIO(command_line.invoke(app, ["sql", query, "--format", "csv"]).stdout)))
    objects = json.loads(command_line.invoke(app, ["sql", query, "--format", "json"]).stdout)

    assert [line.split() for line in table.stdout.splitlines() if "2026" in line] == [
        ["0", "0.0", "2026-03-29"],
        ["1", "1.5", "2026-03-29"],
        ["2", "3.0", "2026-03-29"],
    ]
    assert rows == [
        ["number", "more", "nothing", "day"],
        ["0", "0.0", "", "2026-03-29"],
        ["1", "1.5", "", "2026-03-29"],
        ["2", "3.0", "", "2026-03-29"],
    ]
    assert objects == [
        {"number": number, "more": more, "nothing": None, "day": "2026-03-29"}
        for number, more in ((0, "0.0"), (1, "1.5"), (2, "3.0"))
    ]


def test_long_result_says_what_it_left_out(command_line: CliRunner, make_snapshot: MakeSnapshot) -> None:
    make_snapshot(is_current=True)

    shown = command_line.invoke(app, ["sql", "SELECT range AS n FROM range(1000)"])
    written = command_line.invoke(app, ["sql", "SELECT range AS n FROM range(1000)", "--format", "csv"])

    assert "Only the first 200 rows are shown" in shown.stdout
    assert len(written.stdout.splitlines()) == 1001


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("DROP TABLE numbers", "read-only"),
        ("SELECT * FROM users", "users does not exist"),
        ("SELEC 1", "syntax error"),
    ],
)
def test_refused_query_is_wrong_use(
    command_line: CliRunner, make_snapshot: MakeSnapshot, query: str, why: str
) -> None:
    make_snapshot(is_current=True)

    result = command_line.invoke(app, ["sql", query])

    assert result.exit_code == 2
    assert why in result.stderr


def test_without_a_snapshot_it_fails_and_says_so(command_line: CliRunner) -> None:
    result = command_line.invoke(app, ["sql", "SELECT 1"])

    assert result.exit_code == 1
    assert "No snapshot has been published yet." in result.stderr


def test_shell_reads_its_statements_from_stdin(settings: Settings, make_snapshot: MakeSnapshot) -> None:
    """In the zone of the analyst's machine, now() and dates would differ from those of every other way in."""
    make_snapshot(is_current=True)
    statements = (
        "SELECT sum(number) AS found, current_setting('TimeZone') FROM numbers; CREATE TABLE mine (a INT);"
    )

    shell = subprocess.run(
        [sys.executable, "-m", "pipeline.cli", "sql"],
        input=f".mode csv\n{statements}",
        env={"SCHOOLHOUSE_DATA_DIR": str(settings.data_dir), "PATH": "", "TZ": "Asia/Tokyo"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert shell.stdout.splitlines()[1:] == ["3,UTC"]
    assert "read-only" in shell.stderr
