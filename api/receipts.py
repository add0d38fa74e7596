"""The receipt of an erasure: what was removed, where, and whether nothing is left. Keys and hashes only."""

from __future__ import annotations

from pathlib import Path

from pydantic import AwareDatetime, ValidationError

from api.manifest import Frozen


class TableCount(Frozen):
    """Rows about the person in one table, before and after."""

    table: str
    rows_before: int
    rows_after: int


class ErasurePass(Frozen):
    """One time that the person was removed. A restored backup makes another one."""

    erased_at: AwareDatetime
    as_of: AwareDatetime
    snapshot_id: str
    tables: tuple[TableCount, ...]
    snapshots_removed: tuple[str, ...]
    files_rewritten: tuple[str, ...]
    is_verified: bool


class Receipt(Frozen):
    """Everything known of one erasure.

    `subject` is a keyed hash of the person's id, `user_key` the number that the warehouse used; both are None
    for a request whose person was unknown to the warehouse.
    """

    receipt_id: str
    request_id: str | None
    reason: str
    subject: str | None
    user_key: int | None
    passes: tuple[ErasurePass, ...]

    @property
    def is_verified(self) -> bool:
        """Whether the last pass left no row anywhere."""
        return bool(self.passes) and self.passes[-1].is_verified


class DamagedReceiptError(Exception):
    """A receipt cannot be read; the message is its path."""


def read_receipt(folder: Path, receipt_id: str) -> Receipt | None:
    """The receipt of that id, or None. Raises DamagedReceiptError."""
    try:
        return _read(folder / f"{receipt_id}.json")
    except FileNotFoundError:
        return None


def read_receipts(folder: Path) -> list[Receipt]:
    """Every receipt, by id. Raises DamagedReceiptError."""
    return [_read(path) for path in sorted(folder.glob("[!.]*.json"))]


def _read(path: Path) -> Receipt:
    try:
        return Receipt.model_validate_json(path.read_bytes())
    except ValidationError:
        raise DamagedReceiptError(str(path)) from None
