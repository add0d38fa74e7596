"""The warehouse file, which keeps raw, and beside it the project on Spark, which builds in the lake."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
from sqlmesh import Context
from sqlmesh.core import constants
from sqlmesh.core.console import NoopConsole, set_console

from pipeline.lake.gateway import refuse_another_session, spark_project
from pipeline.lake.place import open_place
from pipeline.settings import Settings
from pipeline.warehouse import Warehouse, duckdb_config, keep_histories_apart


@contextmanager
def open_lake(settings: Settings, project: Path) -> Iterator[Warehouse]:
    """Open (or create) both.

    Raises UsageError without the extra `spark`, for a place that is none, and in a process that already
    runs Spark for another data directory.
    """
    set_console(NoopConsole())
    constants.MAX_FORK_WORKERS = 1
    place = open_place(settings.lake)
    settings.spark_dir.mkdir(parents=True, exist_ok=True)
    config = spark_project(settings, place, project)
    refuse_another_session(settings)
    with _duckdb(settings, project) as connection, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # SQLMesh and pyspark use ways of pandas that are going away
        context = Context(paths=[project], config={project.absolute(): config})
        try:
            keep_histories_apart(context)
            yield Warehouse(context, connection, place)
        finally:
            context.close()


@contextmanager
def _duckdb(settings: Settings, project: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    config = duckdb_config(settings, project)
    with duckdb.connect(str(settings.warehouse_file), config=dict(config)) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        yield connection
