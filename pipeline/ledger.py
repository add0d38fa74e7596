"""Who was erased, as keyed hashes outside the warehouse: no restored backup brings anybody back.

The hash is HMAC-SHA-256 of the id under a random key kept beside the ledger. It answers "is this the id?"
and gives no id away.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from api.receipts import read_receipts
from pipeline.errors import PipelineError
from pipeline.files import PRIVATE, write_atomic

LEDGER_FILE = "erasures.jsonl"
KEY_FILE = "key"
KEY_BYTES = 32
MARKED = b"the key of a line"


class LedgerError(PipelineError):
    """The ledger cannot be read: erased people might come back, so nothing may run."""

    code = "ledger_damaged"
    default_hint = "Restore the folder ledger/ from its backup, key file included."


class Ledger:
    """The subjects of all erasures. `holds` answers for an id; `add` is on disk when it returns.

    Raises LedgerError when a line is damaged, or the key is not the one that the lines were made with.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lines = _read_lines(folder / LEDGER_FILE)
        self._key = _read_key(folder, is_new=not self._lines)
        self._mark = hmac.digest(self._key, MARKED, "sha256").hex()[:16]
        if any(line.get("key", self._mark) != self._mark for line in self._lines):
            raise LedgerError(f"{folder / KEY_FILE} is not the key of this ledger.")
        self.subjects = frozenset(line["subject"] for line in self._lines)

    def subject(self, user_id: UUID) -> str:
        """The hash that stands for this id, 64 hex digits."""
        return hmac.digest(self._key, user_id.bytes, "sha256").hex()

    @property
    def state(self) -> str:
        """A hash that differs whenever the subjects do, 64 hex digits."""
        return hashlib.sha256("".join(sorted(self.subjects)).encode()).hexdigest()

    def holds(self, user_id: UUID) -> bool:
        """Whether the person of this id was erased."""
        return bool(self.subjects) and self.subject(user_id) in self.subjects

    def add(self, subjects: Collection[str]) -> None:
        """Enter those that are not in the ledger yet."""
        new = [subject for subject in subjects if subject not in self.subjects]
        if not new:
            return
        now = datetime.now(UTC).isoformat(timespec="seconds")
        self._lines += [{"subject": subject, "erased_at": now, "key": self._mark} for subject in new]
        content = "".join(json.dumps(line) + "\n" for line in self._lines)
        write_atomic(self._folder / LEDGER_FILE, content.encode(), mode=PRIVATE)
        self.subjects |= set(new)


def open_ledger(folder: Path, receipts: Path) -> Ledger:
    """The ledger, which must hold everybody whom a receipt says was erased. Raises LedgerError."""
    ledger = Ledger(folder)
    erased = {receipt.subject for receipt in read_receipts(receipts) if receipt.subject}
    if missing := erased - ledger.subjects:
        raise LedgerError(f"{folder / LEDGER_FILE} lacks {len(missing)} people who have receipts.")
    return ledger


def _read_lines(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        return []
    try:
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        # An empty ledger is never written.
        if lines and all({"subject", "erased_at"} <= line.keys() for line in lines):
            return lines
    except (ValueError, AttributeError):
        pass
    raise LedgerError(f"{path} is damaged.")


def _read_key(folder: Path, *, is_new: bool) -> bytes:
    path = folder / KEY_FILE
    if not path.exists():
        if not is_new:
            raise LedgerError(f"{path} is missing; without it the ledger recognises nobody.")
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_atomic(path, secrets.token_bytes(KEY_BYTES), mode=PRIVATE)
    key = path.read_bytes()
    if len(key) != KEY_BYTES:
        raise LedgerError(f"{path} is damaged.")
    return key
