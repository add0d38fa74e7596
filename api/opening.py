"""Opening a snapshot folder: nothing is served that does not match its manifest."""

from __future__ import annotations

import hashlib
from pathlib import Path

import duckdb
from pydantic import ValidationError

from api.duck import attach, connect, lock
from api.manifest import IDENTITY_FILE, MARTS_FILE, Manifest, read_manifest
from api.settings import ApiSettings
from api.snapshots import Snapshot


class DamagedSnapshotError(Exception):
    """A snapshot that must not be served; the message names the file or table."""


def open_snapshot(folder: Path, settings: ApiSettings) -> Snapshot:
    """Verify a snapshot folder and open it read-only. Raises DamagedSnapshotError, naming file or table."""
    try:
        manifest = read_manifest(folder)
    except (OSError, ValidationError) as damage:
        raise DamagedSnapshotError("the manifest is missing or unreadable") from damage
    if manifest.id != folder.name:
        raise DamagedSnapshotError("the manifest belongs to another snapshot")
    _verify_files(folder, manifest)
    try:
        return _open(folder, manifest, settings)
    except duckdb.Error as damage:
        raise DamagedSnapshotError(f"DuckDB cannot open it: {type(damage).__name__}") from damage


def _verify_files(folder: Path, manifest: Manifest) -> None:
    for name in {MARTS_FILE, IDENTITY_FILE} | manifest.files.keys():
        entry = manifest.files.get(name)
        if entry is None:
            raise DamagedSnapshotError(f"{name} has no checksum in the manifest")
        try:
            with (folder / name).open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as damage:
            raise DamagedSnapshotError(f"{name} cannot be read") from damage
        if found != entry.sha256:
            raise DamagedSnapshotError(f"{name} does not match its checksum")


def _open(folder: Path, manifest: Manifest, settings: ApiSettings) -> Snapshot:
    # A fresh in-memory database per snapshot: connecting to a path that is still open somewhere in the
    # process would return that older database.
    connection = connect(settings.api_memory_limit, settings.api_threads)
    try:
        attach(connection, folder / MARTS_FILE, "marts")
        attach(connection, folder / IDENTITY_FILE, "identity")
        _verify_tables(connection, manifest)
        lock(connection)
        return Snapshot(folder, manifest, connection)
    except BaseException:
        connection.close()
        raise


def _verify_tables(connection: duckdb.DuckDBPyConnection, manifest: Manifest) -> None:
    rows = connection.execute(
        "SELECT database_name || '.' || table_name FROM duckdb_tables() WHERE schema_name = 'main'"
    ).fetchall()
    found = {name for (name,) in rows}
    wanted = {"identity.users", "marts.dim_school"} | {
        f"marts.{name}" for name in (*manifest.tables, *manifest.marts)
    }
    if missing := sorted(wanted - found):
        raise DamagedSnapshotError(f"tables are missing: {', '.join(missing)}")
