"""Publish a build: a new folder beside the others, whole and on disk, then one atomic switch of `current`."""

from __future__ import annotations

import platform
import shutil
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import duckdb

from api.manifest import (
    IDENTITY_FILE,
    MANIFEST_FILE,
    MARTS_FILE,
    AuditEntry,
    FileEntry,
    Manifest,
    MartEntry,
    ModelEntry,
    Scope,
)
from pipeline.build_state import BuildState, whole_build
from pipeline.catalogue import MartModel, inner_models, mart_models
from pipeline.copying import MARTS, CopiedTable, copy_marts
from pipeline.files import sha256, sync, write_atomic
from pipeline.identity import people_of, write_identity
from pipeline.ids import new_id
from pipeline.settings import Settings
from pipeline.snapshots import UNFINISHED, folder_names, keep_newest, switch
from pipeline.warehouse import CATALOG, Warehouse

SCHOOL_COLUMN = "school_key"
PACKAGES = ("schoolhouse", "duckdb", "sqlmesh")


def publish(warehouse: Warehouse, settings: Settings, run_id: str) -> Manifest:
    """Publish the last build and return its manifest.

    Raises PublishError when the newest batch has no complete build; `current` is then as it was.
    """
    state = whole_build(warehouse.connection)
    _make_folder(settings.snapshots_dir)
    manifest = write_snapshot(warehouse, settings.snapshots_dir, state, run_id)
    switch(settings.snapshots_dir, manifest.id)
    keep_newest(settings.snapshots_dir, settings.keep_snapshots)
    return manifest


def write_snapshot(warehouse: Warehouse, folder: Path, state: BuildState, run_id: str) -> Manifest:
    """Write a whole snapshot into `folder/<id>`, flushed to disk; nobody sees it before the switch."""
    built_at = datetime.now(UTC)
    snapshot_id = new_id(built_at, max(folder_names(folder), default=""))
    unfinished = folder / f"{snapshot_id}{UNFINISHED}"
    unfinished.mkdir(mode=0o700)
    try:
        manifest = _fill(
            warehouse, unfinished, state, {"id": snapshot_id, "run_id": run_id, "built_at": built_at}
        )
        _open_to_readers(unfinished)
        unfinished.rename(folder / snapshot_id)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    sync(folder)
    return manifest


def _make_folder(folder: Path) -> None:
    """The folder of all snapshots, if there is none yet."""
    if not folder.exists():
        folder.mkdir(parents=True)
        folder.chmod(0o755)


def _open_to_readers(folder: Path) -> None:
    """Who reads marts may be another user than the one who runs the nights; not so for identities."""
    for name in (MARTS_FILE, MANIFEST_FILE):
        (folder / name).chmod(0o644)
    folder.chmod(0o755)


def _fill(warehouse: Warehouse, folder: Path, state: BuildState, head: dict[str, Any]) -> Manifest:
    connection, source = warehouse.connection, _source(warehouse)
    models = mart_models(warehouse.context, connection)
    people = people_of(connection, source)
    with _cursors(warehouse) as (own, *others), ThreadPoolExecutor(max_workers=1) as thread:
        # One thread is all that it can use, and copying leaves one idle now and then.
        identity = thread.submit(write_identity, own, folder / IDENTITY_FILE, people)
        tables = [model.table for model in models.values()]
        copied = copy_marts(connection, folder / MARTS_FILE, tables, source, others)
        identity.result()
    manifest = Manifest(
        **head,
        as_of=state.ingest["as_of"],
        versions=_versions(),
        files={name: _file_entry(folder / name) for name in (MARTS_FILE, IDENTITY_FILE)},
        tables={name: table.rows for name, table in copied.items()},
        orphans=_counts(state.ingest, "orphans"),
        future=_counts(state.ingest, "future"),
        marts=_mart_entries(models, copied, state.build.get("audits", [])),
        models=_model_entries(warehouse),
    )
    write_atomic(folder / MANIFEST_FILE, manifest.model_dump_json(indent=1).encode())
    return manifest


@contextmanager
def _cursors(warehouse: Warehouse) -> Iterator[list[duckdb.DuckDBPyConnection]]:
    """A cursor for identities, and one to copy marts with; that of a lake would not see them."""
    with ExitStack() as stack:
        cursors = []
        for _ in range(1 if warehouse.place else 2):
            cursor = stack.enter_context(closing(warehouse.connection.cursor()))
            cursor.execute(f"USE {CATALOG}")
            cursors.append(cursor)
        yield cursors


def _source(warehouse: Warehouse) -> str:
    """How the marts are called on the connection."""
    if warehouse.place is None:
        return MARTS
    from pipeline.lake.marts import fetch_marts

    return fetch_marts(warehouse)


def _mart_entries(
    models: Mapping[str, MartModel], copied: Mapping[str, CopiedTable], audits: Iterable[Mapping[str, Any]]
) -> dict[str, MartEntry]:
    by_mart: dict[str, list[AuditEntry]] = defaultdict(list)
    for audit in audits:
        by_mart[audit["mart"]].append(
            AuditEntry(
                name=audit["audit"], passed=audit["passed"], rows=audit["rows"], is_blocking=audit["blocking"]
            )
        )
    return {name: _mart_entry(model, copied[name], by_mart[name]) for name, model in models.items()}


def _mart_entry(model: MartModel, copied: CopiedTable, audits: list[AuditEntry]) -> MartEntry:
    has_school = any(column.name == SCHOOL_COLUMN for column in copied.columns)
    name = model.table.name
    return MartEntry(
        description=model.table.description,
        grain=model.grain,
        columns=copied.columns,
        rows=copied.rows,
        upstream=model.upstream,
        column_lineage=model.lineage,
        audits=tuple(audits),
        scope=Scope(school_column=SCHOOL_COLUMN if has_school else None),
        is_compliance=name.startswith("compliance_") or name == "processing_register",
    )


def _model_entries(warehouse: Warehouse) -> dict[str, ModelEntry]:
    inner = inner_models(warehouse.context, warehouse.connection)
    return {
        name: ModelEntry(upstream=one.upstream, column_lineage=one.lineage) for name, one in inner.items()
    }


def _counts(ingest_report: Mapping[str, Any], figure: str) -> dict[str, int]:
    return {table["table"]: table[figure] for table in ingest_report["tables"] if table[figure]}


def _file_entry(path: Path) -> FileEntry:
    sync(path)
    return FileEntry(bytes=path.stat().st_size, sha256=sha256(path))


def _versions() -> dict[str, str]:
    return {"python": platform.python_version()} | {name: version(name) for name in PACKAGES}
