"""docs/metrics.md: every metric is defined, found in a mart, and shown beside the mart's column."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from api import definitions
from api.manifest import read_manifest
from tests.conftest import School
from tests.differential.metrics import METRICS

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / definitions.SOURCE).read_text()
FOUND = definitions.definitions(PAGE)


def test_every_metric_is_in_columns_that_are_published(school: School) -> None:
    """A definition that leads to a column of yesterday's name leads nowhere."""
    marts = read_manifest(school.snapshot).marts
    published = {f"{name}.{column.name}" for name, mart in marts.items() for column in mart.columns}
    named = {column for entry in FOUND for column in entry["columns"]}
    assert len(named) > 60
    assert named <= published
    assert all(len(str(entry["definition"])) > 20 for entry in FOUND)


def test_what_is_compared_by_a_definition_is_listed_under_it() -> None:
    """The differential suite checks a column against one definition; readers must be shown the same one."""
    listed = {(entry["metric"], column) for entry in FOUND for column in entry["columns"]}
    known = {metric for metric, _ in listed}
    compared = {
        (name, f"{metric.comparison.table}.{metric.value}")
        for metric in METRICS
        for name in metric.covers
        if name in known and metric.comparison.name == metric.comparison.table
    }
    assert len(compared) > 50
    assert compared <= listed


def test_a_metric_without_a_definition_is_named() -> None:
    with pytest.raises(ValueError, match="'nonsense'"):
        definitions.definitions(f"{PAGE}| nonsense | `dim_user.role` |\n")


def test_the_dashboard_has_the_page_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A forgotten `make fix` would show last month's definitions for ever."""
    assert json.loads((ROOT / definitions.TARGET).read_text()) == FOUND
    for file in (definitions.SOURCE, definitions.TARGET):
        (tmp_path / file).parent.mkdir()
        (tmp_path / file).write_text((ROOT / file).read_text())
    monkeypatch.chdir(tmp_path)
    assert definitions.main(["--check"]) == 0
    definitions.SOURCE.write_text(PAGE.replace("null when MAU = 0", "0 when MAU = 0"))
    assert definitions.main(["--check"]) == 1
    assert "not up to date" in capsys.readouterr().err
    assert definitions.main([]) == 0
    assert definitions.main(["--check"]) == 0
