"""All that the warehouse holds about one person (GDPR Art. 15 and 20): JSON, and CSV with meanings."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import duckdb

from api.manifest import IDENTITY_FILE, MARTS_FILE, Manifest, read_manifest
from ingest.specs import TABLES
from pipeline.copying import literal
from pipeline.errors import PipelineError
from pipeline.files import PRIVATE
from pipeline.lock import run_lock
from pipeline.settings import Settings
from pipeline.snapshots import current_folder
from pipeline.traces import PersonColumn, person_columns

# Keys of what is not a person, and the mart that names it.
NAMES = {
    "school_key": ("dim_school", "name"),
    "course_key": ("dim_course", "title"),
    "lesson_key": ("dim_lesson", "title"),
    "class_key": ("dim_class", "name"),
    "quiz_key": ("dim_quiz", "title"),
}


class UnknownPersonError(PipelineError):
    """The warehouse holds nothing about that id."""

    code = "unknown_person"
    default_hint = "`schoolhouse verify-erasure` searches everything for an id."


@dataclass(frozen=True)
class ExportedTable:
    """Rows of one table about the person; `columns` maps each name to its meaning."""

    name: str
    meaning: str
    columns: dict[str, str]
    rows: list[tuple[Any, ...]]


def export_person(settings: Settings, user_id: UUID, folder: Path) -> dict[str, int]:
    """Write person.json, meanings.csv and one CSV per table into a new folder; returns rows per table.

    Raises UnknownPersonError, NoSnapshotError, LockedError, FileExistsError.
    """
    with run_lock(settings), _opened(settings) as (connection, manifest):
        row = connection.execute("SELECT key FROM warehouse.raw.key_users WHERE id = ?", [user_id]).fetchone()
        if row is None:
            raise UnknownPersonError("The warehouse holds nothing about that id.")
        tables = [table for table in _tables(connection, manifest, int(row[0])) if table.rows]
    folder.mkdir(parents=True, mode=0o700)
    _write_json(folder / "person.json", user_id, manifest, tables)
    _write_csv(folder / "meanings.csv", ("table", "column", "meaning"), _meanings(tables))
    for table in tables:
        _write_csv(folder / f"{table.name}.csv", tuple(table.columns), table.rows)
    return {table.name: len(table.rows) for table in tables}


class _opened:  # noqa: N801 - reads as a word in the with statement
    """Warehouse, marts and identities of the current snapshot, read-only, in one connection."""

    def __init__(self, settings: Settings) -> None:
        self._snapshot = current_folder(settings.snapshots_dir)
        self._files = {
            "warehouse": settings.warehouse_file,
            "marts": self._snapshot / MARTS_FILE,
            "identity": self._snapshot / IDENTITY_FILE,
        }

    def __enter__(self) -> tuple[duckdb.DuckDBPyConnection, Manifest]:
        self._connection = duckdb.connect()
        for name, file in self._files.items():
            self._connection.execute(f"ATTACH '{literal(str(file))}' AS {name} (READ_ONLY)")
        return self._connection, read_manifest(self._snapshot)

    def __exit__(self, *_: object) -> None:
        self._connection.close()


def _tables(
    connection: duckdb.DuckDBPyConnection, manifest: Manifest, user_key: int
) -> Iterator[ExportedTable]:
    for column in person_columns(connection, "warehouse"):
        if column.schema == "raw":
            name, meaning = (
                f"source_{column.table}",
                f"What the source has in {column.table}, as it was copied",
            )
            yield _table(connection, "warehouse", column, user_key, name, meaning, _raw_meanings(column))
    for column in person_columns(connection, "marts"):
        mart = manifest.marts[column.table]
        meanings = {one.name: one.description for one in mart.columns}
        yield _table(connection, "marts", column, user_key, column.table, mart.description, meanings)
    for column in person_columns(connection, "identity"):
        meaning = "The name under which the API shows the person"
        yield _table(connection, "identity", column, user_key, "identity", meaning, {})


def _raw_meanings(column: PersonColumn) -> dict[str, str]:
    spec = next((spec for spec in TABLES if spec.name == column.table), None)
    columns = spec.columns if spec else ()
    return {one.name: f"{column.table}.{one.source} at the source" for one in columns} | {
        "batch_id": "Number of the nightly copy that last changed the row"
    }


def _table(
    connection: duckdb.DuckDBPyConnection,
    catalog: str,
    column: PersonColumn,
    user_key: int,
    name: str,
    meaning: str,
    meanings: dict[str, str],
) -> ExportedTable:
    table = f'{catalog}."{column.schema}"."{column.table}"'
    columns = [str(row[0]) for row in connection.execute(f"DESCRIBE {table}").fetchall()]
    named = {key: NAMES[key] for key in columns if key in NAMES}
    joins = " ".join(
        f'LEFT JOIN marts.main."{mart}" AS of_{key} ON of_{key}."{key}" = held."{key}"'
        for key, (mart, _) in named.items()
    )
    titles = ", ".join(f'of_{key}."{title}" AS "{_title(key)}"' for key, (_, title) in named.items())
    select = "held.*" + (f", {titles}" if titles else "")
    sql = f'SELECT {select} FROM {table} AS held {joins} WHERE held."{column.column}" = ? ORDER BY ALL'  # noqa: S608
    rows = connection.execute(sql, [user_key]).fetchall()
    said = {one: meanings.get(one, one.replace("_", " ")) for one in columns}
    said |= {_title(key): f"Name of what {key} stands for" for key in named}
    return ExportedTable(name, meaning, said, rows)


def _title(key: str) -> str:
    return f"{key.removesuffix('_key')}_name"


def _meanings(tables: list[ExportedTable]) -> list[tuple[str, str, str]]:
    return [
        (table.name, column, meaning)
        for table in tables
        for column, meaning in (("", table.meaning), *table.columns.items())
    ]


def _write_json(path: Path, user_id: UUID, manifest: Manifest, tables: list[ExportedTable]) -> None:
    content = {
        "user_id": str(user_id),
        "exported_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "as_of": manifest.as_of.isoformat(),
        "tables": [
            {
                "name": table.name,
                "meaning": table.meaning,
                "columns": table.columns,
                "rows": [dict(zip(table.columns, row, strict=True)) for row in table.rows],
            }
            for table in tables
        ],
    }
    path.touch(mode=PRIVATE)
    path.write_text(json.dumps(content, default=_plain, ensure_ascii=False, indent=1))


def _write_csv(path: Path, header: tuple[str, ...], rows: list[Any]) -> None:
    path.touch(mode=PRIVATE)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)


def _plain(value: object) -> object:
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    return str(value)
