"""Rows about a person in the lake, counted in the files themselves, whether a table refers to them or not."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import pyarrow.parquet as pq

from pipeline.lake.place import Place
from pipeline.traces import MENTIONS, PERSON_COLUMNS


def count_rows(place: Place, user_keys: Collection[int]) -> dict[int, dict[str, int]]:
    """Rows per person and table; a table is named by its folders."""
    counts: dict[int, dict[str, int]] = {key: {} for key in user_keys}
    for info in place.files("") if user_keys else ():
        if not info.path.endswith(".parquet") or not info.size:
            continue
        for table, key in _rows_in(place, info.path, list(user_keys)):
            counts[key][table] = counts[key].get(table, 0) + 1
    return counts


def _rows_in(place: Place, path: str, user_keys: list[int]) -> Iterator[tuple[str, int]]:
    columns = [
        name for name in pq.read_schema(path, filesystem=place.filesystem).names if name in PERSON_COLUMNS
    ]
    folders = path.removeprefix(f"{place.path}/").split("/")[:-1]
    table = ".".join(["lake", *(one for one in folders if one != "data" and "=" not in one)])
    for column in columns:
        suffix = f".{column}" if column in MENTIONS else ""
        found = pq.read_table(
            path,
            columns=[column],
            filters=[(column, "in", user_keys)],
            filesystem=place.filesystem,
            partitioning=None,
        )
        yield from ((table + suffix, key) for key in found[column].to_pylist())
