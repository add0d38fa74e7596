"""Write the receipts of an erasure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from api.manifest import read_manifest
from api.receipts import ErasurePass, Receipt, TableCount, read_receipt
from pipeline.departures import Departure, Erasure
from pipeline.files import PRIVATE, write_atomic
from pipeline.settings import Settings
from pipeline.snapshots import current_folder

Counts = Mapping[str, int]


def write_receipts(
    settings: Settings, erasure: Erasure, snapshots_removed: list[str], left: Mapping[int, Counts]
) -> list[Receipt]:
    """One receipt per request, or per person without one; `left` are rows per person and table afterwards.

    Raises NoSnapshotError when nothing has been published since.
    """
    settings.receipts_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    manifest = read_manifest(current_folder(settings.snapshots_dir))
    frame = ErasurePass(
        erased_at=datetime.now(UTC),
        as_of=manifest.as_of,
        snapshot_id=manifest.id,
        tables=(),
        snapshots_removed=tuple(snapshots_removed),
        files_rewritten=(settings.warehouse_file.name,) if erasure.departures else (),
        is_verified=True,
    )
    receipts = [*_linked(erasure, frame, left), *_unlinked(erasure, frame)]
    return [_store(settings, receipt) for receipt in receipts]


def _linked(erasure: Erasure, frame: ErasurePass, left: Mapping[int, Counts]) -> Iterator[Receipt]:
    for departure in erasure.departures:
        one_pass = _counted(frame, departure, left[departure.user_key])
        for request_id in departure.request_ids or (None,):
            yield Receipt(
                receipt_id=request_id or departure.subject[:32],
                request_id=request_id,
                reason=departure.reason,
                subject=departure.subject,
                user_key=departure.user_key,
                passes=(one_pass,),
            )


def _unlinked(erasure: Erasure, frame: ErasurePass) -> Iterator[Receipt]:
    for request_id in erasure.unlinked:
        yield Receipt(
            receipt_id=request_id,
            request_id=request_id,
            reason="nobody_known",
            subject=None,
            user_key=None,
            passes=(frame,),
        )


def _counted(frame: ErasurePass, departure: Departure, left: Counts) -> ErasurePass:
    before = departure.rows_before
    tables = [
        TableCount(table=table, rows_before=before.get(table, 0), rows_after=left.get(table, 0))
        for table in sorted(before.keys() | left.keys())
    ]
    return frame.model_copy(update={"tables": tuple(tables), "is_verified": not any(left.values())})


def _store(settings: Settings, receipt: Receipt) -> Receipt:
    """Write the receipt; earlier passes of the same erasure stay in it."""
    earlier = read_receipt(settings.receipts_dir, receipt.receipt_id)
    if earlier is not None:
        receipt = receipt.model_copy(update={"passes": earlier.passes + receipt.passes})
    content = receipt.model_dump_json(indent=1).encode()
    write_atomic(settings.receipts_dir / f"{receipt.receipt_id}.json", content, mode=PRIVATE)
    return receipt
