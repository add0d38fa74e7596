"""Read the marts back from the lake, so that they are published like those that DuckDB built."""

from __future__ import annotations

import duckdb
import pyarrow as pa
import pyarrow.dataset as ds
from sqlmesh.core.snapshot import Snapshot

from ingest.warehouse import quoted
from pipeline.catalogue import SCHEMA
from pipeline.lake.place import Place
from pipeline.lake.tables import files_of
from pipeline.warehouse import Warehouse

SOURCE = 'temp.main."lake_{}"'


def fetch_marts(warehouse: Warehouse) -> str:
    """Make every mart a temporary view on its files, with the types that DuckDB gives it; returns SOURCE."""
    assert warehouse.place is not None  # noqa: S101
    context = warehouse.context
    for snapshot in context.snapshots.values():
        if snapshot.is_model and snapshot.model.fully_qualified_table.db == SCHEMA:
            _show(warehouse.connection, warehouse.place, snapshot, files_of(context, snapshot))
    return SOURCE


def _show(connection: duckdb.DuckDBPyConnection, place: Place, snapshot: Snapshot, files: list[str]) -> None:
    name = snapshot.model.view_name
    types = {column: kind.sql("duckdb") for column, kind in snapshot.model.columns_to_types_or_raise.items()}
    paths = [place.path_of(file) for file in files]
    rows = ds.dataset(paths, filesystem=place.filesystem) if paths else _no_rows(types)
    connection.register(f"files_of_{name}", rows)
    casts = ", ".join(_cast(column, kind) for column, kind in types.items())
    connection.execute(f"CREATE OR REPLACE TEMP VIEW lake_{name} AS SELECT {casts} FROM files_of_{name}")  # noqa: S608


def _cast(column: str, kind: str) -> str:
    """Types that SQLMesh does not know are what Spark and Parquet made of them."""
    return quoted(column) if kind == "UNKNOWN" else f"{quoted(column)}::{kind} AS {quoted(column)}"


def _no_rows(types: dict[str, str]) -> pa.Table:
    return pa.table({column: pa.nulls(0) for column in types})
