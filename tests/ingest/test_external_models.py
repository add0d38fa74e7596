"""external_models.yaml is what the specs say, and raw is what the file says."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]

from ingest import external_models
from tests.ingest.conftest import School


def test_the_file_describes_raw(school: School) -> None:
    """Models are checked against the file: a column that raw does not have would fail only at night."""
    school.ingest()
    described = {
        entry["name"]: entry["columns"] for entry in yaml.safe_load(external_models.PATH.read_text())
    }
    found: dict[str, dict[str, str]] = {}
    columns = school.rows(
        "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE schema_name = 'raw'"
    )
    for table, column, kind in columns:
        found.setdefault(f"raw.{table}", {})[column] = kind.replace(",", ", ")
    assert found == described


def test_check_notices_drift(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert external_models.main(["--check"]) == 0
    monkeypatch.setattr(external_models, "PATH", tmp_path / "external_models.yaml")
    assert external_models.main(["--check"]) == 1
    assert "out of date" in capsys.readouterr().err
    assert external_models.main([]) == 0
    assert external_models.main(["--check"]) == 0
