"""The commands about persons as an officer types them."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from pipeline.cli import app
from tests.conftest import School


@pytest.fixture
def at_school(school: School, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> CliRunner:
    """Runs commands in this process on the published school, from an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SCHOOLHOUSE_DATA_DIR", str(school.settings.data_dir))
    return CliRunner()


def test_exports_go_into_a_new_folder_here(school: School, at_school: CliRunner, tmp_path: Path) -> None:
    """Guards against exports that land out of sight, or mix with older ones in a folder that is there."""
    with duckdb.connect(school.snapshot / "identity.duckdb", read_only=True) as connection:
        user_id = str(connection.execute("SELECT min(user_id) FROM users").fetchall()[0][0])
    with duckdb.connect(school.snapshot / "marts.duckdb", read_only=True) as connection:
        code = str(connection.execute("SELECT max(code) FROM dim_school").fetchall()[0][0])
    for arguments, written in (
        (["export-person", user_id], f"person-{user_id}/person.json"),
        (["export-public", "--school", code], f"public-{code}/overview.json"),
        (["export-public", "--school", code, "--out", "elsewhere"], "elsewhere/overview.json"),
    ):
        first, second = at_school.invoke(app, arguments), at_school.invoke(app, arguments)
        assert (first.exit_code, second.exit_code) == (0, 2), first.output + second.output
        assert json.loads((tmp_path / written).read_text())
        assert "exists already" in second.output


def test_an_unknown_school_has_no_export(at_school: CliRunner, tmp_path: Path) -> None:
    """Guards against an empty export of a mistyped school, taken for a school without figures."""
    failed = at_school.invoke(app, ["export-public", "--school", "../nowhere"])
    assert failed.exit_code == 2
    assert "nowhere" in failed.output
    assert list(tmp_path.iterdir()) == []


def test_who_is_there_and_who_never_was(school: School, at_school: CliRunner) -> None:
    """Guards against a proof that says the same of a person who is held and of one nobody knows."""
    with duckdb.connect(school.snapshot / "identity.duckdb", read_only=True) as connection:
        user_id = str(connection.execute("SELECT min(user_id) FROM users").fetchall()[0][0])
    held = at_school.invoke(app, ["verify-erasure", user_id])
    unknown = at_school.invoke(app, ["verify-erasure", "00000000-0000-4000-8000-000000000001"])
    assert (held.exit_code, unknown.exit_code) == (1, 0)
    assert "places still hold the person" in held.output
    assert "Nothing is left." in unknown.output
    assert "never known here" in unknown.output
