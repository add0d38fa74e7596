"""The warehouse file without SQLMesh: what is asked of raw before there is anything to build."""

from __future__ import annotations

import duckdb

from pipeline.settings import Settings


def open_raw(settings: Settings) -> duckdb.DuckDBPyConnection:
    """Open (or create) the warehouse file; to be closed before the warehouse is opened.

    Raises duckdb.Error when the file cannot be used.
    """
    return duckdb.connect(
        str(settings.warehouse_file),
        config={"memory_limit": settings.memory_limit, "threads": str(settings.threads)},
    )
