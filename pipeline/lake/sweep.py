"""Remove from the lake what no table refers to: older versions of rows hold people who were erased."""

from __future__ import annotations

from pipeline.lake.gateway import TABLES
from pipeline.lake.landing import RAW
from pipeline.lake.place import UNFINISHED
from pipeline.lake.tables import expire, files_of
from pipeline.warehouse import Warehouse


def sweep(warehouse: Warehouse) -> int:
    """Expire older versions, then delete every data file that belongs to no table; returns how many."""
    context, place = warehouse.context, warehouse.place
    assert place is not None  # noqa: S101
    expire(context)
    adapter = context.engine_adapter
    tables = [
        one for one in context.snapshots.values() if one.is_model and one.version and one.is_materialized
    ]
    there = [one for one in tables if adapter.table_exists(one.table_name())]
    live = {place.path_of(file) for one in there for file in files_of(context, one)}
    found = [one.path for one in place.files(TABLES)]
    unused = [path for path in found if path.endswith(".parquet") and path not in live]
    unused += [one.path for one in place.files(RAW) if one.path.endswith(UNFINISHED)]
    for path in unused:
        place.filesystem.delete_file(path)
    return len(unused)
