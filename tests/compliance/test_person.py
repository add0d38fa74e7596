"""Does a person who asks get everything, and nothing about anybody else?"""

from __future__ import annotations

import csv
import json
import stat
from pathlib import Path
from uuid import UUID

import duckdb
import pytest

from pipeline.person import UnknownPersonError, export_person
from tests.conftest import School, read_apart

Learner = tuple[UUID, int, str]


@pytest.fixture(scope="module")
def school(school: School, tmp_path_factory: pytest.TempPathFactory) -> School:
    """The school of all tests, in a data directory of this file."""
    return read_apart(school, tmp_path_factory.mktemp("person"))


@pytest.fixture
def learner(school: School) -> Learner:
    """The busiest learner: id, key, username."""
    with duckdb.connect() as connection:
        for name in ("marts", "identity"):
            connection.execute(f"ATTACH '{school.snapshot / name}.duckdb' AS {name} (READ_ONLY)")
        row = connection.execute(
            "SELECT user_id, user_key, username FROM identity.users JOIN marts.fct_user_day USING (user_key) "
            "WHERE role = 'STUDENT' GROUP BY ALL ORDER BY count(*) DESC, user_key LIMIT 1"
        ).fetchone()
    assert row is not None
    return row


def test_everything_that_is_held_is_in_the_export(school: School, learner: Learner, tmp_path: Path) -> None:
    """Guards against an export that leaves a table out: every personal column of every file is counted."""
    user_id, key, username = learner
    counts = export_person(school.settings, user_id, tmp_path / "export")
    held = _held(school, key)
    assert sum(counts.values()) == sum(held.values())
    content = json.loads((tmp_path / "export" / "person.json").read_text())
    assert content["user_id"] == str(user_id)
    tables = {table["name"]: table for table in content["tables"]}
    assert tables["source_users"]["rows"][0]["username"] == username
    assert len(tables["source_analytics"]["rows"]) == held["warehouse.raw.analytics"]
    assert {"leaderboard", "fct_user_day", "dim_user", "identity"} <= tables.keys()
    assert all(meaning for table in content["tables"] for meaning in table["columns"].values())


def test_csv_and_json_are_the_same_rows(school: School, learner: Learner, tmp_path: Path) -> None:
    """Guards against two exports that disagree; keys are explained by the names they stand for."""
    export_person(school.settings, learner[0], tmp_path / "export")
    tables = json.loads((tmp_path / "export" / "person.json").read_text())["tables"]
    for table in tables:
        with (tmp_path / "export" / f"{table['name']}.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        assert len(rows) == len(table["rows"])
        assert list(rows[0]) == list(table["columns"])
    progress = next(table for table in tables if table["name"] == "fct_lesson_progress")
    assert all(row["lesson_name"] for row in progress["rows"])
    for path in (tmp_path / "export").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_nobody_else_is_in_the_export(school: School, learner: Learner, tmp_path: Path) -> None:
    """Guards against a copy that hands one family the data of another."""
    export_person(school.settings, learner[0], tmp_path / "export")
    text = (tmp_path / "export" / "person.json").read_text()
    with duckdb.connect(school.snapshot / "identity.duckdb", read_only=True) as connection:
        others = connection.execute(
            "SELECT user_id::VARCHAR, username, email FROM users WHERE user_id <> ?", [learner[0]]
        ).fetchall()
    assert len(others) > 30
    assert [value for row in others for value in row if value in text] == []


def test_an_unknown_person_is_an_error(school: School, tmp_path: Path) -> None:
    with pytest.raises(UnknownPersonError):
        export_person(school.settings, UUID(int=1), tmp_path / "export")
    assert not (tmp_path / "export").exists()


def _held(school: School, key: int) -> dict[str, int]:
    """Rows about the person per table, found without the code under test."""
    files = {
        "warehouse": school.settings.warehouse_file,
        "marts": school.snapshot / "marts.duckdb",
        "identity": school.snapshot / "identity.duckdb",
    }
    found = {}
    with duckdb.connect() as connection:
        for name, file in files.items():
            connection.execute(f"ATTACH '{file}' AS {name} (READ_ONLY)")
            columns = connection.execute(
                "SELECT schema_name, table_name, column_name FROM duckdb_columns() "
                "JOIN duckdb_tables() USING (database_name, schema_name, table_name) "
                "WHERE database_name = $1 "
                "AND (column_name IN ('user_key', 'student_key', 'teacher_key') OR table_name = 'key_users') "
                "AND column_name <> 'id' AND (database_name <> 'warehouse' OR schema_name = 'raw')",
                [name],
            ).fetchall()
            for schema, table, column in columns:
                row = connection.execute(
                    f'SELECT count(*) FROM {name}."{schema}"."{table}" WHERE "{column}" = ?', [key]
                ).fetchone()
                found[f"{name}.{schema}.{table}"] = row[0] if row else 0
    return found
