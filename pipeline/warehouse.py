"""The warehouse, open: one process and one connection for ingest, build and publish."""

from __future__ import annotations

import hashlib
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
from sqlglot import exp
from sqlmesh import Context
from sqlmesh.core import constants
from sqlmesh.core.config import Config, DuckDBConnectionConfig
from sqlmesh.core.config.loader import load_config_from_paths
from sqlmesh.core.console import NoopConsole, set_console
from sqlmesh.core.snapshot.cache import SnapshotCache
from sqlmesh.core.state_sync import CachingStateSync, EngineAdapterStateSync

from api.project import PROJECT
from pipeline.lake.place import Place
from pipeline.raw import open_raw
from pipeline.settings import Engine, Settings

CATALOG = "warehouse"
GATEWAY = "local"


class ProjectConfig(Config):
    """config.yaml. SQLMesh keeps parsed models under the config's fingerprint."""

    @property
    def fingerprint(self) -> str:
        """Of all but the connection: with it, other data, threads or memory would parse every model again."""
        return super(ProjectConfig, self.copy(update={"gateways": {}})).fingerprint


@dataclass(frozen=True)
class Warehouse:
    """The open warehouse: SQLMesh's context, and the cursor whose default catalog is the warehouse.

    With the engine Spark the context works on the lake at `place`; the warehouse holds raw all the same.
    """

    context: Context
    connection: duckdb.DuckDBPyConnection
    place: Place | None = None

    @property
    def engine(self) -> Engine:
        """What builds the models."""
        return Engine.SPARK if self.place else Engine.DUCKDB


@contextmanager
def open_warehouse(settings: Settings, project: Path = PROJECT) -> Iterator[Warehouse]:
    """Open (or create) the warehouse; other processes cannot open it meanwhile.

    Closing checkpoints: without it the data of the night would stay in the write-ahead log. Raises
    duckdb.Error when the file cannot be used.
    """
    if settings.engine is Engine.SPARK:
        from pipeline.lake.opening import open_lake  # pyspark is an extra

        with open_lake(settings, project) as warehouse:
            yield warehouse
        return
    open_raw(settings).close()  # SQLMesh would go on in a database in memory and say so in its log only
    set_console(NoopConsole())
    constants.MAX_FORK_WORKERS = 1  # no forks beside an open DuckDB, and a quicker start
    with warnings.catch_warnings():
        # SQLMesh reads the dates of seeds by a way of pandas that is going away; its pin decides when.
        warnings.filterwarnings("ignore", module="sqlmesh")
        context = Context(paths=[project], config={project.absolute(): project_config(settings, project)})
        try:
            keep_histories_apart(context)
            yield Warehouse(context, context.engine_adapter.cursor)
        finally:
            context.close()


def keep_histories_apart(context: Context) -> None:
    """Share cached snapshots only with warehouses that have come the same way.

    SQLMesh caches a snapshot by its fingerprint, with the name of its physical table. But a table keeps its
    name when a model above it gains a column: the same models have other tables where they were upgraded
    than where they were built anew. One would then build into tables that no view of it shows.
    """
    cached = context.state_sync
    assert isinstance(cached, CachingStateSync)  # noqa: S101
    state = cached.state_sync
    assert isinstance(state, EngineAdapterStateSync)  # noqa: S101
    known = exp.select("name", "identifier", "version").from_(state.snapshot_state.snapshots_table)
    rows = sorted(" ".join(map(str, row)) for row in state.engine_adapter.fetchall(known))
    history = hashlib.sha256("\n".join(rows).encode()).hexdigest()[:16]
    state.snapshot_state._snapshot_cache = SnapshotCache(context.cache_dir / "histories" / history)  # noqa: SLF001


def duckdb_config(settings: Settings, project: Path = PROJECT) -> dict[str, str]:
    """The settings to open another DuckDB with as the warehouse is; TimeZone cannot be set on opening."""
    connection = project_config(settings, project).gateways[GATEWAY].connection
    assert isinstance(connection, DuckDBConnectionConfig)  # noqa: S101
    return {name: str(value) for name, value in connection.connector_config.items() if name != "TimeZone"}


def project_config(settings: Settings, project: Path = PROJECT) -> ProjectConfig:
    """The project's config.yaml on the data directory of `settings`."""
    config = load_config_from_paths(ProjectConfig, project_paths=[project / "config.yaml"])
    gateway = config.gateways[GATEWAY]
    template = gateway.connection
    assert isinstance(template, DuckDBConnectionConfig)  # noqa: S101
    limits = {"memory_limit": settings.memory_limit, "threads": str(settings.threads)}
    connection = DuckDBConnectionConfig(
        catalogs={CATALOG: str(settings.warehouse_file)},
        connector_config=template.connector_config | limits,
        # While SQLMesh gets one model ready in Python, DuckDB is at work on another.
        concurrent_tasks=settings.threads,
        register_comments=False,  # published marts have them; here they are 300 statements a night
    )
    # DuckDB optimizes what it runs; doing it in SQLMesh first takes a third of a night's CPU time.
    # `sqlmesh lint` reads config.yaml itself and still optimizes, so that it sees what it needs; SQLMesh
    # would mix up what both cache in one folder.
    # An installed project may be read-only.
    writable = project if os.access(project, os.W_OK) else settings.data_dir
    cache = str(writable / ".cache" / "nightly")
    defaults = config.model_defaults.copy(update={"optimize_query": False})
    gateways = {GATEWAY: gateway.copy(update={"connection": connection, "state_connection": None})}
    # Unit tests of models are `sqlmesh test`'s business; parsing them would slow every night down.
    ignored = [*config.ignore_patterns, "tests/models/*"]
    return config.copy(
        update={
            "gateways": gateways,
            "model_defaults": defaults,
            "ignore_patterns": ignored,
            "cache_dir": cache,
        }
    )
