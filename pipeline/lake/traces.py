"""Rows about a person in the lake, counted in the files themselves, whether a table refers to them or not.

Parquet is compressed: its bytes say nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.lake.place import Place
from pipeline.traces import MENTIONS, PERSON_COLUMNS


def count_rows(place: Place, user_keys: Collection[int]) -> dict[int, dict[str, int]]:
    """Rows per person and table; a table is named by its folders."""
    counts: dict[int, dict[str, int]] = {key: {} for key in user_keys}
    for path in _files(place) if user_keys else ():
        for table, key in _rows_in(place, path, list(user_keys)):
            counts[key][table] = counts[key].get(table, 0) + 1
    return counts


def count_texts(place: Place, texts: Collection[str]) -> dict[str, int]:
    """Values that contain one of the texts, in capitals or not, per table and column."""
    counts: Counter[str] = Counter()
    for path in _files(place):
        with pq.ParquetFile(path, filesystem=place.filesystem) as file:
            columns = [field.name for field in file.schema_arrow if pa.types.is_string(field.type)]
            for batch in file.iter_batches(columns=columns):
                for name in columns:
                    counts[f"{_table(place, path)}.{name}"] += _matches(batch[name], texts)
    return {name: number for name, number in counts.items() if number}


def _files(place: Place) -> Iterator[str]:
    yield from (one.path for one in place.files("") if one.path.endswith(".parquet") and one.size)


def _table(place: Place, path: str) -> str:
    """A table by its folders, without those of its parts."""
    folders = path.removeprefix(f"{place.path}/").split("/")[:-1]
    return ".".join(["lake", *(one for one in folders if one != "data" and "=" not in one)])


def _matches(values: pa.Array, texts: Collection[str]) -> int:
    found = pa.array([False] * len(values))
    for text in texts:
        found = pc.or_kleene(found, pc.match_substring(values, text, ignore_case=True))
    return int(pc.sum(found).as_py() or 0)


def _rows_in(place: Place, path: str, user_keys: list[int]) -> Iterator[tuple[str, int]]:
    columns = [
        name for name in pq.read_schema(path, filesystem=place.filesystem).names if name in PERSON_COLUMNS
    ]
    for column in columns:
        suffix = f".{column}" if column in MENTIONS else ""
        found = pq.read_table(
            path,
            columns=[column],
            filters=[(column, "in", user_keys)],
            filesystem=place.filesystem,
            partitioning=None,
        )
        yield from ((_table(place, path) + suffix, key) for key in found[column].to_pylist())
