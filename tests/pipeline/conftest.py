"""A data directory of its own for every test, and snapshots made by hand for the tests of folders."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from api.manifest import MANIFEST_FILE, MARTS_FILE, Manifest
from pipeline.ids import new_id
from pipeline.settings import Settings
from pipeline.snapshots import switch

MakeSnapshot = Callable[..., str]
Environment = Callable[..., None]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of an empty data directory."""
    return Settings(data_dir=tmp_path / "data", _env_file=None)  # type: ignore[call-arg]


@pytest.fixture
def make_snapshot(settings: Settings) -> MakeSnapshot:
    """Return `make(run_id=, is_current=) -> id`: a snapshot with one mart `numbers` of three rows."""

    def make(*, run_id: str = "another", is_current: bool = False) -> str:
        now = datetime.now(UTC)
        folder = settings.snapshots_dir / new_id(now)
        folder.mkdir(parents=True)
        with duckdb.connect(str(folder / MARTS_FILE)) as connection:
            connection.execute("CREATE TABLE numbers AS SELECT range::INTEGER AS number FROM range(3)")
        manifest = Manifest(
            id=folder.name,
            run_id=run_id,
            as_of=now,
            built_at=now,
            versions={},
            files={},
            tables={"numbers": 3},
            orphans={},
            future={},
            marts={},
        )
        (folder / MANIFEST_FILE).write_text(manifest.model_dump_json())
        if is_current:
            switch(settings.snapshots_dir, folder.name)
        return folder.name

    return make


@pytest.fixture
def environment(settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Environment:
    """Return `set(NAME=value)` for SCHOOLHOUSE_ variables; DATA_DIR is set, there is no .env."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.upper().startswith("SCHOOLHOUSE_")]:
        monkeypatch.delenv(name)

    def set_variables(**values: str) -> None:
        for name, value in values.items():
            monkeypatch.setenv(f"SCHOOLHOUSE_{name}", value)

    set_variables(DATA_DIR=str(settings.data_dir))
    return set_variables


@pytest.fixture
def command_line(environment: Environment) -> CliRunner:
    """Runs commands in this process, on the data directory of `settings`."""
    return CliRunner()
