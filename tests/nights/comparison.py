"""Compare the published marts of two data directories exactly, although their surrogate keys differ."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from api.manifest import IDENTITY_FILE, MARTS_FILE
from pipeline.settings import Settings
from pipeline.snapshots import current_folder

# Which key map translates a key of the marts into the source's UUID.
KEY_MAPS = {
    "user_key": "key_users",
    "teacher_key": "key_users",
    "school_key": "key_schools",
    "class_key": "key_classes",
    "course_key": "key_courses",
    "lesson_key": "key_lessons",
    "quiz_key": "key_quizzes",
    "attempt_key": "key_attempts",
    "request_key": "key_requests",
    "incident_key": "key_incidents",
}
SCOPE_KEY = """CASE "scope" WHEN 'school' THEN {schools} WHEN 'class' THEN {classes} ELSE '0' END"""


@dataclass(frozen=True)
class Published:
    """One side of a comparison: catalogs of its marts, identity and warehouse."""

    marts: str
    identity: str
    warehouse: str


def differences(left: Settings, right: Settings, *, without: frozenset[str] = frozenset()) -> dict[str, int]:
    """Rows that only one side has, for every mart that differs; empty when the two publish the same."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        with published(connection, left, "left") as one, published(connection, right, "right") as other:
            names = _tables(connection, one.marts)
            assert names == _tables(connection, other.marts)
            assert len(names) > 20
            found = {name: _differing(connection, one, other, name) for name in names - without}
            found["identity"] = identity_differences(connection, one, other)
    return {name: rows for name, rows in found.items() if rows}


@contextmanager
def published(connection: duckdb.DuckDBPyConnection, settings: Settings, side: str) -> Iterator[Published]:
    folder = current_folder(settings.snapshots_dir)
    files = {
        f"{side}_marts": folder / MARTS_FILE,
        f"{side}_identity": folder / IDENTITY_FILE,
        f"{side}_warehouse": settings.warehouse_file,
    }
    for catalog, path in files.items():
        _attach(connection, catalog, path)
    yield Published(*files)
    for catalog in files:
        connection.execute(f"DETACH {catalog}")


def _attach(connection: duckdb.DuckDBPyConnection, catalog: str, path: Path) -> None:
    connection.execute(f"ATTACH '{path}' AS {catalog} (READ_ONLY)")


def _tables(connection: duckdb.DuckDBPyConnection, catalog: str) -> set[str]:
    rows = connection.execute("SELECT table_name FROM duckdb_tables() WHERE database_name = ?", [catalog])
    return {row[0] for row in rows.fetchall()}


def _differing(connection: duckdb.DuckDBPyConnection, one: Published, other: Published, table: str) -> int:
    left, right = (translated(connection, side, table) for side in (one, other))
    return _except(connection, left, right)


def translated(connection: duckdb.DuckDBPyConnection, side: Published, table: str) -> str:
    """A query of the mart with UUIDs in the place of keys."""
    columns = [row[0] for row in connection.execute(f'DESCRIBE {side.marts}.main."{table}"').fetchall()]
    selected = ", ".join(_column(side, name) for name in columns)
    return f'SELECT {selected} FROM {side.marts}.main."{table}" AS mart'


def _column(side: Published, name: str) -> str:
    if name == "scope_key":
        maps = {short: _looked_up(side, name, f"key_{short}") for short in ("schools", "classes")}
        return f"{SCOPE_KEY.format(**maps)} AS scope_key"
    if name in KEY_MAPS:
        return f"{_looked_up(side, name, KEY_MAPS[name])} AS {name}"
    return f'mart."{name}"'


def _looked_up(side: Published, column: str, key_map: str) -> str:
    """The UUID of a key; 0 (unassigned) and NULL stay what they are."""
    found = f"(SELECT id FROM {side.warehouse}.raw.{key_map} AS map WHERE map.key = mart.{column})"
    return f"coalesce({found}::VARCHAR, mart.{column}::VARCHAR)"


def identity_differences(connection: duckdb.DuckDBPyConnection, one: Published, other: Published) -> int:
    """The pseudonym is random by design; everything else must agree."""
    left, right = (
        f"SELECT * EXCLUDE (user_key, pseudonym) REPLACE ({_column(side, 'school_key')})"
        f" FROM {side.identity}.main.users AS mart"
        for side in (one, other)
    )
    return _except(connection, left, right)


def _except(connection: duckdb.DuckDBPyConnection, left: str, right: str) -> int:
    only = f"SELECT * FROM ({left} EXCEPT ALL {right}) UNION ALL SELECT * FROM ({right} EXCEPT ALL {left})"
    row = connection.execute(f"SELECT count(*) FROM ({only})").fetchone()
    assert row is not None
    return int(row[0])
