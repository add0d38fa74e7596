"""The files of the dashboard, without a browser."""

from __future__ import annotations

import re
from pathlib import Path

from tests.dashboard.conftest import DASHBOARD

PAGE = (DASHBOARD / "index.html").read_text()


def test_what_every_view_needs_is_loaded_at_once() -> None:
    """A module that is only found through another one costs every first visit a round trip."""
    needed = _needed(DASHBOARD / "js" / "main.js")
    loaded = set(re.findall(r'<(?:script type="module" src|link rel="modulepreload" href)="([^"]+)"', PAGE))
    assert loaded == {f"/{path.relative_to(DASHBOARD)}" for path in needed}


def _needed(module: Path) -> set[Path]:
    imported = re.findall(r'^import .* from "(.+)";$', module.read_text(), re.MULTILINE)
    return {module}.union(*(_needed((module.parent / name).resolve()) for name in imported))


def test_no_file_names_another_host() -> None:
    own = [path for path in DASHBOARD.rglob("*") if path.is_file() and "vendor" not in path.parts]
    named = {path.name: re.findall(r"https?://[\w.-]+", path.read_text()) for path in own}
    assert {name: hosts for name, hosts in named.items() if set(hosts) - {"http://www.w3.org"}} == {}


def test_every_chart_is_used_and_has_an_own_file() -> None:
    code = "".join(path.read_text() for path in (DASHBOARD / "js").rglob("*.js"))
    charts = {path.name.removesuffix(".vl.json") for path in (DASHBOARD / "charts").iterdir()}
    assert {name for name in charts if f'"{name}"' not in code} == set()
