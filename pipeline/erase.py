"""Erase people, in two halves around a build, so that a kill at any point is finished by the next run.

`begin` (after ingest): who has left is written to the state file and entered in the ledger; then their rows
go from raw and from every version of every model. The build that follows remakes what was aggregated over
them. `finish` (after publishing, the warehouse closed): the warehouse file is written anew, snapshots that
hold them are removed, everything is searched again, each gets a receipt, and the state file goes.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import duckdb
from pydantic import ValidationError

from api.manifest import IDENTITY_FILE, MARTS_FILE
from api.receipts import Receipt, read_receipts
from ingest.forget import forget
from pipeline.copying import literal
from pipeline.departures import Erasure, find_departures, remember
from pipeline.errors import ErasureError
from pipeline.files import PRIVATE, write_atomic
from pipeline.lake.place import open_place
from pipeline.lake.traces import count_rows as count_rows_in_lake
from pipeline.ledger import open_ledger
from pipeline.receipts import write_receipts
from pipeline.register import record_erasures
from pipeline.rewrite import CATALOG, clear_leftovers, rewrite
from pipeline.settings import Settings
from pipeline.snapshots import current_id, folder_names
from pipeline.traces import count_rows, remove_from_models

_LOST_STATE = (
    "Restore it from its backup. Without one, move it and warehouse.duckdb aside, run `schoolhouse nightly`,"
    " and then remove every snapshot but the current one: they may hold the people whose erasure was at work."
)


def begin(connection: duckdb.DuckDBPyConnection, settings: Settings) -> Erasure:
    """Remove everybody who has left from raw and from the models; returns what is to be finished.

    Raises ErasureError when a row survives. Does nothing before the first ingest.
    """
    ledger = open_ledger(settings.ledger_dir, settings.receipts_dir)
    opened = _read_state(settings)
    erasure = opened.merged(find_departures(connection, ledger, settings.receipts_dir))
    if erasure.departures:
        write_atomic(settings.erasure_file, erasure.model_dump_json().encode(), mode=PRIVATE)
        ledger.add([departure.subject for departure in erasure.departures])
        _remove(connection, erasure.user_keys)
    elif erasure.unlinked:
        write_atomic(settings.erasure_file, erasure.model_dump_json().encode(), mode=PRIVATE)
    remember(connection, ledger)
    record_erasures(connection, _results(settings, erasure))
    return erasure


def finish(settings: Settings, duckdb_config: dict[str, str]) -> list[Receipt]:
    """Take the erased people out of the files and write their receipts; the warehouse must be closed.

    Raises ErasureError when anything is left; the state file then stays.
    """
    clear_leftovers(settings.warehouse_file)
    erasure = _read_state(settings)
    if erasure.is_empty:
        return []
    if erasure.departures:
        rewrite(settings.warehouse_file, duckdb_config)
    removed = _remove_snapshots(settings.snapshots_dir, erasure.user_keys)
    after = _rows_left(settings, erasure.user_keys, duckdb_config)
    receipts = write_receipts(settings, erasure, removed, after)
    if not all(receipt.is_verified for receipt in receipts):
        raise ErasureError("Rows of an erased person are left; the receipts name the tables.")
    settings.erasure_file.unlink()
    return receipts


def _read_state(settings: Settings) -> Erasure:
    if not settings.erasure_file.exists():
        return Erasure(started_at=datetime.now(UTC))
    try:
        return Erasure.model_validate_json(settings.erasure_file.read_bytes())
    except ValidationError:
        raise ErasureError(f"{settings.erasure_file} is damaged.", hint=_LOST_STATE) from None


def _remove(connection: duckdb.DuckDBPyConnection, user_keys: list[int]) -> None:
    forget(connection, user_keys)
    remove_from_models(connection, CATALOG, user_keys)
    left = {
        table
        for tables in count_rows(connection, CATALOG, user_keys).values()
        for table in _with_rows(tables)
    }
    if left:
        raise ErasureError(f"Rows of erased people are left in {', '.join(sorted(left))}.")


def _with_rows(tables: dict[str, int]) -> list[str]:
    return [table for table, rows in tables.items() if rows]


def _results(settings: Settings, erasure: Erasure) -> dict[str, bool]:
    """Older receipts as they are; of this erasure what `begin` has just proven, since the snapshot that will
    say so is also what lets the older ones go."""
    older = {
        receipt.request_id: receipt.is_verified
        for receipt in read_receipts(settings.receipts_dir)
        if receipt.request_id
    }
    return older | dict.fromkeys(erasure.request_ids, True)


def _remove_snapshots(folder: Path, user_keys: list[int]) -> list[str]:
    """Remove every snapshot but the current one that holds one of these people, or cannot be searched."""
    older = [one for one in folder_names(folder) if one != current_id(folder)]
    removed = [one for one in older if _holds(folder / one, user_keys)]
    for snapshot_id in removed:
        shutil.rmtree(folder / snapshot_id)
    return removed


def _holds(snapshot: Path, user_keys: list[int]) -> bool:
    try:
        counts = _count_in_files([snapshot / MARTS_FILE, snapshot / IDENTITY_FILE], user_keys, {})
    except duckdb.Error:
        return True
    return any(rows for tables in counts.values() for rows in tables.values())


def _rows_left(settings: Settings, user_keys: list[int], config: dict[str, str]) -> dict[int, dict[str, int]]:
    """Rows per person and table that are left in the warehouse file and in the snapshots."""
    folder = settings.snapshots_dir
    files = [folder / one / name for one in folder_names(folder) for name in (MARTS_FILE, IDENTITY_FILE)]
    left = _count_in_files([settings.warehouse_file], user_keys, config)
    for key, tables in count_rows_in_lake(open_place(settings.lake), user_keys).items():
        left[key] |= tables
    for key, tables in _count_in_files(files, user_keys, {}, prefix="snapshots.").items():
        left[key] |= tables
    return left


def _count_in_files(
    files: Iterable[Path], user_keys: list[int], config: dict[str, str], prefix: str = ""
) -> dict[int, dict[str, int]]:
    counts: dict[int, dict[str, int]] = {key: {} for key in user_keys}
    for file in files:
        with duckdb.connect(config=dict(config)) as connection:
            connection.execute(f"ATTACH '{literal(str(file))}' AS {CATALOG} (READ_ONLY)")
            for key, tables in count_rows(connection, CATALOG, user_keys).items():
                for table, rows in tables.items():
                    name = prefix + table
                    counts[key][name] = counts[key].get(name, 0) + rows
    return counts
