"""The warehouse file without SQLMesh: what is asked of raw before there is anything to build."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from pipeline.settings import Settings


@contextmanager
def open_raw(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open (or create) the warehouse file; to be closed before the warehouse is opened.

    Raises duckdb.Error when the file cannot be used.
    """
    with duckdb.connect(
        str(settings.warehouse_file),
        config={"memory_limit": settings.memory_limit, "threads": str(settings.threads)},
    ) as connection:
        yield connection
