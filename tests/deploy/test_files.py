"""What all files of `deploy/` have in common."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer.main

from pipeline.cli import app
from pipeline.settings import Settings
from tests.deploy.conftest import ROOT

FILES = sorted(path for path in (ROOT / "deploy").rglob("*") if path.is_file())
COMMANDS = set(typer.main.get_group(app).commands)


@pytest.mark.parametrize("path", FILES, ids=lambda one: str(one.relative_to(ROOT)))
def test_settings_in_the_files_exist(path: Path) -> None:
    """Guards against a renamed setting that is set in vain."""
    names = {name.lower() for name in re.findall(r"SCHOOLHOUSE_([A-Z_]+)", path.read_text())}

    assert names <= set(Settings.model_fields)


def test_commands_in_the_files_exist() -> None:
    """Guards against a unit that starts a command which was renamed."""
    patterns = (
        r"/bin/schoolhouse ([a-z-]+)",
        r"(?:args|command): \[([a-z-]+)",
        r'CMD \["([a-z-]+)"',
        r"`schoolhouse ([a-z-]+)",
    )
    texts = [path.read_text() for path in FILES]
    used = {name for text in texts for pattern in patterns for name in re.findall(pattern, text)} - {"python"}

    assert {"serve", "nightly", "schedule"} <= used <= COMMANDS
