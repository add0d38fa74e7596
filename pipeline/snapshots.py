"""The folder of published snapshots: list them, switch `current`, keep the newest, clear leftovers away."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

from pydantic import ValidationError

from api.manifest import MANIFEST_FILE, Manifest, read_manifest
from pipeline.errors import NoSnapshotError
from pipeline.files import switch_link

CURRENT = "current"
UNFINISHED = ".tmp"


def snapshot_ids(folder: Path) -> list[str]:
    """Ids of the whole snapshots, oldest first."""
    folders = (path.parent.name for path in folder.glob(f"[0-9]*/{MANIFEST_FILE}"))
    return sorted(name for name in folders if not name.endswith(UNFINISHED))


def folder_names(folder: Path) -> list[str]:
    """Ids of everything that is or was a snapshot, also what has lost its manifest; oldest first."""
    found = (path.name for path in folder.glob("[0-9]*") if path.is_dir())
    return sorted(name for name in found if not name.endswith(UNFINISHED))


def current_id(folder: Path) -> str | None:
    """Id of the snapshot that readers see, or None."""
    link = folder / CURRENT
    return link.readlink().name if link.is_symlink() and link.exists() else None


def current_folder(folder: Path) -> Path:
    """Real folder of the current snapshot. Raises NoSnapshotError when nothing has been published."""
    snapshot_id = current_id(folder)
    if snapshot_id is None:
        raise NoSnapshotError("No snapshot has been published yet.")
    return (folder / snapshot_id).resolve()


def manifest_of(folder: Path, snapshot_id: str) -> Manifest:
    """Manifest of a snapshot. Raises NoSnapshotError when there is none or it cannot be read."""
    try:
        return read_manifest(folder / snapshot_id)
    except (OSError, ValidationError):
        raise NoSnapshotError(f"There is no readable snapshot {snapshot_id!r}.") from None


def manifests(folder: Path) -> list[Manifest]:
    """Manifests of all snapshots that can be read, oldest first."""
    found = []
    for snapshot_id in snapshot_ids(folder):
        with suppress(NoSnapshotError):
            found.append(manifest_of(folder, snapshot_id))
    return found


def switch(folder: Path, snapshot_id: str) -> None:
    """Make a snapshot the one that readers see. Raises NoSnapshotError when there is none of that id."""
    if snapshot_id not in snapshot_ids(folder):
        raise NoSnapshotError(f"There is no snapshot {snapshot_id!r}.")
    switch_link(folder / CURRENT, snapshot_id)


def previous_id(folder: Path) -> str:
    """Id of the newest snapshot older than the current one. Raises NoSnapshotError when there is none."""
    current = current_id(folder)
    older = [snapshot_id for snapshot_id in snapshot_ids(folder) if current and snapshot_id < current]
    if not older:
        raise NoSnapshotError("There is no older snapshot to go back to.")
    return older[-1]


def keep_newest(folder: Path, count: int) -> list[str]:
    """Remove all but the newest `count` snapshots and the current one; return the removed ids."""
    surplus = [one for one in snapshot_ids(folder)[:-count] if one != current_id(folder)]
    for snapshot_id in surplus:
        shutil.rmtree(folder / snapshot_id)
    return surplus


def clear_unfinished(folder: Path) -> None:
    """Remove what a killed run left: half-written snapshots and links."""
    for path in folder.glob(f"*{UNFINISHED}"):
        if path.is_symlink():
            path.unlink()
        else:
            shutil.rmtree(path)


def forget_unpublished(folder: Path, run_id: str) -> str | None:
    """Settle what a killed run left whole: return its snapshot if readers see it, else remove it."""
    for manifest in manifests(folder):
        if manifest.run_id == run_id:
            if manifest.id == current_id(folder):
                return manifest.id
            shutil.rmtree(folder / manifest.id)
    return None
