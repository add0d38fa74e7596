"""A ledger that has become shorter, or speaks of nobody, is damage: never an empty ledger."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest

from pipeline.ledger import KEY_FILE, LEDGER_FILE, Ledger, LedgerError, open_ledger

ADA = UUID(int=1)


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    """A folder with a ledger that holds Ada."""
    folder = tmp_path / "ledger"
    made = Ledger(folder)
    made.add([made.subject(ADA)])
    return folder


def test_it_recognises_and_goes_on(ledger: Path) -> None:
    again = Ledger(ledger)
    assert again.holds(ADA)
    assert not again.holds(UUID(int=2))
    again.add([again.subject(UUID(int=2))])
    assert Ledger(ledger).holds(UUID(int=2))


def test_lines_of_before_the_mark_are_read(ledger: Path) -> None:
    line = (ledger / LEDGER_FILE).read_text()
    (ledger / LEDGER_FILE).write_text(line.split(', "key"')[0] + "}\n")
    assert Ledger(ledger).holds(ADA)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"{}\n", b"[]\n", b'"subject"\n', b'{"subject": "a'])
def test_a_damaged_ledger_is_refused(ledger: Path, content: bytes) -> None:
    (ledger / LEDGER_FILE).write_bytes(content)
    with pytest.raises(LedgerError, match="damaged"):
        Ledger(ledger)


def test_another_key_is_refused(ledger: Path) -> None:
    """With it every id has another hash: the ledger would know nobody, and say so."""
    (ledger / KEY_FILE).write_bytes(b"k" * 32)
    with pytest.raises(LedgerError, match="not the key"):
        Ledger(ledger)


def test_a_receipt_proves_what_a_ledger_has_lost(ledger: Path, tmp_path: Path) -> None:
    receipts = tmp_path / "receipts"
    receipts.mkdir()
    subject = Ledger(ledger).subject(ADA)
    receipt = (
        f'{{"receipt_id": "r", "request_id": null, "reason": "left", "subject": "{subject}",'
        ' "user_key": 1, "passes": []}'
    )
    (receipts / "r.json").write_text(receipt)
    assert open_ledger(ledger, receipts).holds(ADA)
    (ledger / LEDGER_FILE).unlink()
    with pytest.raises(LedgerError, match="lacks 1 people"):
        open_ledger(ledger, receipts)
