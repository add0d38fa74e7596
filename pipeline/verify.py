"""Prove that a person is gone: search tables by id and by key, and every file by its bytes."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import duckdb

from api.receipts import read_receipts
from pipeline.copying import literal
from pipeline.lake.place import open_place
from pipeline.lake.traces import count_rows as count_rows_in_lake
from pipeline.lake.traces import count_texts
from pipeline.ledger import Ledger
from pipeline.lock import run_lock
from pipeline.rewrite import CATALOG
from pipeline.settings import Settings
from pipeline.traces import count_rows

_SEARCHED = """
SELECT columns.schema_name, columns.table_name, columns.column_name, columns.data_type
FROM duckdb_columns() AS columns
JOIN duckdb_tables() AS tables USING (database_name, schema_name, table_name)
WHERE columns.database_name = $1 AND NOT tables.temporary AND columns.data_type IN ('UUID', 'VARCHAR', 'JSON')
ORDER BY ALL
"""


@dataclass(frozen=True)
class Trace:
    """Something of the person: in which file, where in it, how often."""

    file: str
    place: str
    count: int


@dataclass(frozen=True)
class Proof:
    """What the search found, and what is known of the erasure."""

    traces: tuple[Trace, ...]
    is_in_ledger: bool
    receipts: tuple[str, ...]

    @property
    def is_gone(self) -> bool:
        """Whether nothing was found anywhere."""
        return not self.traces


def verify_erasure(settings: Settings, user_id: UUID, markers: tuple[str, ...] = ()) -> Proof:
    """Search the data directory for a person, and for further texts such as an e-mail address.

    Tables and Parquet files are searched by id and by the keys that receipts name; files by the bytes of the
    id in every form that we write. The embedded demo source is no part of the warehouse. Raises
    LockedError during a run.
    """
    with run_lock(settings):
        subject = Ledger(settings.ledger_dir).subject(user_id)
        receipts = [one for one in read_receipts(settings.receipts_dir) if one.subject == subject]
        keys = {one.user_key for one in receipts if one.user_key is not None}
        files = sorted(_files(settings))
        texts = (str(user_id), *markers)
        found = [trace for file in files for trace in _in_file(settings, file, user_id, markers)]
        for file in files:
            if file.suffix == ".duckdb":
                found += _in_database(settings, file, user_id, texts, keys)
        found += _in_lake(settings, texts, keys)
        is_in_ledger = Ledger(settings.ledger_dir).holds(user_id)
    return Proof(tuple(found), is_in_ledger, tuple(one.receipt_id for one in receipts))


def _files(settings: Settings) -> Iterator[Path]:
    for path in settings.data_dir.rglob("*"):
        is_ours = path.is_file() and not path.is_symlink() and settings.demo_dir not in path.parents
        if is_ours and path.parent != settings.snapshots_dir / "current":
            yield path


def _in_file(settings: Settings, file: Path, user_id: UUID, markers: tuple[str, ...]) -> Iterator[Trace]:
    patterns = {
        "id as text": str(user_id).encode(),
        "id as capital text": str(user_id).upper().encode(),
        "id as hexadecimal": user_id.hex.encode(),
        "id as bytes": user_id.bytes,
        # A DuckDB UUID: the number with its highest bit turned, the lowest byte first.
        "id as DuckDB keeps it": (user_id.int ^ (1 << 127)).to_bytes(16, "little"),
    } | {f"marker {number}": text.encode() for number, text in enumerate(markers, 1)}
    if not file.stat().st_size:
        return
    with file.open("rb") as handle, mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ) as content:
        for place, pattern in patterns.items():
            if count := _occurrences(content, pattern):
                yield Trace(_name(settings, file), place, count)


def _occurrences(content: mmap.mmap, pattern: bytes) -> int:
    count, start = 0, content.find(pattern)
    while start >= 0:
        count, start = count + 1, content.find(pattern, start + 1)
    return count


def _in_database(
    settings: Settings, file: Path, user_id: UUID, texts: tuple[str, ...], keys: set[int]
) -> list[Trace]:
    try:
        with duckdb.connect() as connection:
            connection.execute(f"ATTACH '{literal(str(file))}' AS {CATALOG} (READ_ONLY)")
            found = [*_by_value(connection, user_id, texts), *_by_key(connection, keys)]
    except duckdb.Error:
        found = [("damaged: it cannot be searched", 1)]
    return [Trace(_name(settings, file), place, count) for place, count in found]


def _by_value(
    connection: duckdb.DuckDBPyConnection, user_id: UUID, texts: tuple[str, ...]
) -> Iterator[tuple[str, int]]:
    for schema, table, column, kind in connection.execute(_SEARCHED, [CATALOG]).fetchall():
        name = f'"{column}"'
        matches: str = f"{name} = $1"
        values: list[Any] = [user_id]
        if kind != "UUID":
            anywhere = f"[contains(lower({name}), lower(text)) FOR text IN $1::VARCHAR[]]"
            matches, values = f"list_bool_or({anywhere})", [list(texts)]
        sql = f'SELECT count(*) FROM {CATALOG}."{schema}"."{table}" WHERE {matches}'  # noqa: S608
        row = connection.execute(sql, values).fetchone()
        if row and row[0]:
            yield f"{schema}.{table}.{column}", int(row[0])


def _by_key(connection: duckdb.DuckDBPyConnection, keys: set[int]) -> Iterator[tuple[str, int]]:
    for tables in count_rows(connection, CATALOG, keys).values():
        yield from ((table, rows) for table, rows in tables.items() if rows)


def _in_lake(settings: Settings, texts: tuple[str, ...], keys: set[int]) -> Iterator[Trace]:
    place = open_place(settings.lake)
    found = [count_texts(place, texts), *count_rows_in_lake(place, keys).values()]
    yield from (Trace(settings.lake, name, count) for tables in found for name, count in tables.items())


def _name(settings: Settings, file: Path) -> str:
    return str(file.relative_to(settings.data_dir))
