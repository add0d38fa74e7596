"""Land raw as Parquet: what another engine reads. Only tables and dates that changed are written anew.

The warehouse stays the place where rows arrive, get keys and local dates, and are erased; the lake follows.
Every part (a table, or a date of a large one) is compared by a fingerprint of its rows with what was landed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from ingest.warehouse import quoted
from pipeline.lake.place import Place, replacing

RAW = "raw"
BATCH_ROWS = 100_000
# Large tables lie by date, so that a night writes the dates that changed: the column of the files' folders,
# and the column of raw that it is the date of.
PARTITIONS = {
    "raw.analytics": ("local_date", "local_date"),
    "raw.user_progress": ("utc_date", "updated_at"),
    "raw.quiz_attempts": ("utc_date", "started_at"),
}
# Names and addresses stay in the warehouse: no model reads them.
WITHHELD = {"raw.users": frozenset({"username", "email", "first_name", "last_name"})}
WHOLE, NO_DATE = (
    "",
    "__HIVE_DEFAULT_PARTITION__",
)  # names of parts: a table that lies in one, rows without date
LANDED = "_landed.json"

Parts = dict[str, str]  # name of a part -> fingerprint of its rows


@dataclass(frozen=True)
class Landed:
    """A table of the lake, and how many of its parts were written and removed.

    `columns` are those inside the files, with DuckDB types; `partition` is the date column of the folders.
    """

    table: str
    columns: dict[str, str]
    partition: str | None
    written: int
    removed: int

    @property
    def folder(self) -> str:
        """Folder below the lake."""
        return _folder(self.table)


def land(connection: duckdb.DuckDBPyConnection, place: Place, tables: Sequence[str]) -> list[Landed]:
    """Bring the files of these tables (`schema.table`) up to the warehouse, one table after the other.

    A kill leaves parts whose fingerprints were not written down; the next landing writes them again.
    """
    return [_land(connection, place, table) for table in tables]


def _land(connection: duckdb.DuckDBPyConnection, place: Place, table: str) -> Landed:
    columns = _columns(connection, table)
    now, before = _fingerprints(connection, table, columns), _read_landed(place, table)
    changed = [part for part, fingerprint in now.items() if before.get(part) != fingerprint]
    gone = sorted(before.keys() - now.keys())
    for part in changed:
        _write(place, _file(table, part), _rows(connection, table, columns, part))
    for part in gone:
        place.filesystem.delete_dir_contents(place.of(_folder(table, part)), missing_dir_ok=True)
    if changed or gone:
        _write_landed(place, table, now)
    partition = PARTITIONS[table][0] if table in PARTITIONS else None
    return Landed(table, columns, partition, len(changed), len(gone))


def _columns(connection: duckdb.DuckDBPyConnection, table: str) -> dict[str, str]:
    schema, name = table.split(".")
    found = connection.execute(
        "SELECT column_name, data_type FROM duckdb_columns() WHERE database_name = current_database() "
        "AND schema_name = $1 AND table_name = $2 ORDER BY column_index",
        [schema, name],
    ).fetchall()
    left_out = WITHHELD.get(table, frozenset()) | {PARTITIONS.get(table, ("",))[0]}
    return {column: kind for column, kind in found if column not in left_out}


def _fingerprints(connection: duckdb.DuckDBPyConnection, table: str, columns: Mapping[str, str]) -> Parts:
    """Of every part, the number of its rows and the sum of their hashes: what it is made of, in any order."""
    names = ", ".join(quoted(column) for column in columns)
    part = f"'{WHOLE}'"
    if table in PARTITIONS:
        part = f"coalesce({quoted(PARTITIONS[table][1])}::DATE::VARCHAR, '{NO_DATE}')"
    sql = f"SELECT {part}, concat(count(*), ' ', coalesce(sum(hash({names})), 0)) FROM {table} GROUP BY 1"  # noqa: S608
    found = {name: f"{figures} {names}" for name, figures in connection.execute(sql).fetchall()}
    return found or ({} if table in PARTITIONS else {WHOLE: f"0 0 {names}"})


def _rows(
    connection: duckdb.DuckDBPyConnection, table: str, columns: Mapping[str, str], part: str
) -> pa.RecordBatchReader:
    listed = ", ".join(_as_parquet(quoted(name), kind) for name, kind in columns.items())
    condition, values = "true", []
    if table in PARTITIONS:
        dated = quoted(PARTITIONS[table][1])
        condition = (
            f"{dated} >= $1::DATE AND {dated} < $1::DATE + 1" if part != NO_DATE else f"{dated} IS NULL"
        )
        values = [part] if part != NO_DATE else []
    rows = connection.execute(f"SELECT {listed} FROM {table} WHERE {condition}", values)  # noqa: S608
    return rows.to_arrow_reader(BATCH_ROWS)


def _as_parquet(name: str, kind: str) -> str:
    """Types that Parquet has no common form for are written as text."""
    return f"{name}::VARCHAR AS {name}" if kind == "UUID" or kind.startswith("ENUM") else name


def _write(place: Place, name: str, rows: pa.RecordBatchReader) -> None:
    with replacing(place, name) as stream, pq.ParquetWriter(stream, rows.schema) as writer:
        for batch in rows:
            writer.write_batch(batch)


def _folder(table: str, part: str = WHOLE) -> str:
    partition = f"/{PARTITIONS[table][0]}={part}" if part != WHOLE else ""
    return f"{RAW}/{table}{partition}"


def _file(table: str, part: str) -> str:
    return f"{_folder(table, part)}/part.parquet"


def _read_landed(place: Place, table: str) -> Parts:
    """What was landed. A folder without a readable account of it is emptied: nobody knows what is in it."""
    try:
        with place.filesystem.open_input_stream(place.of(f"{_folder(table)}/{LANDED}")) as stream:
            parts: Parts = json.loads(stream.read())
    except (FileNotFoundError, ValueError):
        place.filesystem.delete_dir_contents(place.of(_folder(table)), missing_dir_ok=True)
        return {}
    return parts


def _write_landed(place: Place, table: str, parts: Parts) -> None:
    with replacing(place, f"{_folder(table)}/{LANDED}") as stream:
        stream.write(json.dumps(parts, indent=0).encode())
