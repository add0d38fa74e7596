"""Remove from the lake what no table refers to: it blocks new tables, and it holds people who were erased."""

from __future__ import annotations

from collections.abc import Iterator

from pyarrow import fs
from sqlmesh import Context

from pipeline.lake.landing import RAW
from pipeline.lake.place import TABLES, UNFINISHED, Place
from pipeline.lake.tables import files_of, session, tidy
from pipeline.warehouse import Warehouse


def clear_leftovers(context: Context, place: Place) -> None:
    """Delete the folders of tables that a killed run half made, and of Iceberg tables that were dropped."""
    spark = session(context)
    there = {row[0] for row in spark.sql("SHOW SCHEMAS").collect()}
    for folder in _folders(place, TABLES):
        schema = folder.base_name.removesuffix(".db")
        rows = spark.sql(f"SHOW TABLES IN {schema}").collect() if schema in there else []
        known = {row["tableName"] for row in rows}
        for table in _folders(place, f"{TABLES}/{folder.base_name}"):
            if table.base_name not in known:
                place.filesystem.delete_dir(table.path)


def sweep(warehouse: Warehouse) -> int:
    """Tidy tables, then delete every data file that belongs to none of them; returns how many."""
    context, place = warehouse.context, warehouse.place
    assert place is not None  # noqa: S101
    clear_leftovers(context, place)
    tidy(context)
    exists = context.engine_adapter.table_exists
    tables = [
        one for one in context.snapshots.values() if one.is_model and one.version and one.is_materialized
    ]
    built = [one for one in tables if exists(one.table_name())]
    live = {place.path_of(file) for one in built for file in files_of(context, one)}
    found = [one.path for one in place.files(TABLES)]
    unused = [path for path in found if path.endswith(".parquet") and path not in live]
    unused += [one.path for one in place.files(RAW) if one.path.endswith(UNFINISHED)]
    for path in unused:
        place.filesystem.delete_file(path)
    return len(unused)


def _folders(place: Place, name: str) -> Iterator[fs.FileInfo]:
    selector = fs.FileSelector(place.of(name), allow_not_found=True)
    yield from (one for one in place.filesystem.get_file_info(selector) if one.type is fs.FileType.Directory)
