"""Keys of UUIDs in memory: nothing is lost or mixed up, however many there are and wherever they fall."""

from __future__ import annotations

from uuid import UUID, uuid5

import numpy as np
import pyarrow as pa
import pytest

from ingest.known_ids import KnownIds, _Table

NAMESPACE = UUID("6ba7b810-9dad-11d1-80b4-00c04fd430c8")


def _ids(numbers: list[int | None]) -> pa.Array:
    values = [None if number is None else uuid5(NAMESPACE, str(number)).bytes for number in numbers]
    return pa.array(values, pa.binary(16))


def _known(parts: list[list[int]]) -> KnownIds:
    """With keys that are one more than the number."""
    known = KnownIds()
    for part in parts:
        known.add(_ids(list(part)), np.array(part, np.int32) + 1)
    return known


def test_every_key_is_found_after_it_has_grown() -> None:
    numbers = list(range(5_000))
    known = _known([numbers[:1], numbers[1:1_024], numbers[1_024:1_025], numbers[1_025:]])
    keys, is_unknown = known.keys(_ids(list(reversed(numbers))))
    assert keys.tolist() == [number + 1 for number in reversed(numbers)]
    assert not is_unknown.any()


def test_null_and_unknown_have_no_key() -> None:
    known = _known([[1, 2]])
    keys, is_unknown = known.keys(_ids([2, None, 3, 1]))
    assert keys.tolist() == [3, 0, 0, 2]
    assert is_unknown.tolist() == [False, False, True, False]


def test_a_part_of_an_array_begins_where_it_begins() -> None:
    keys, _ = _known([[1, 2, 3]]).keys(_ids([1, 2, None, 3]).slice(1))
    assert keys.tolist() == [3, 0, 4]


def test_nothing_is_known_at_first() -> None:
    keys, is_unknown = KnownIds().keys(pa.array([bytes(16), None], pa.binary(16)))
    assert (keys.tolist(), is_unknown.tolist()) == ([0, 0], [True, False])
    assert len(KnownIds().keys(_ids([]))[0]) == 0


def test_uuids_of_which_half_is_the_same() -> None:
    """Such as those of version 1 from one machine, or written by hand."""
    low = [number.to_bytes(16) for number in range(3_000)]
    high = [(number << 64).to_bytes(16) for number in range(1, 3_000)]
    known = KnownIds()
    ids = pa.array(low + high, pa.binary(16))
    known.add(ids, np.arange(1, len(ids) + 1, dtype=np.int32))
    assert known.keys(ids)[0].tolist() == list(range(1, len(ids) + 1))
    assert known.keys(pa.array([(3_000 << 64).to_bytes(16)], pa.binary(16)))[1].tolist() == [True]


def test_all_want_the_last_slot(monkeypatch: pytest.MonkeyPatch) -> None:
    """They go on behind one another, and round to the beginning."""
    monkeypatch.setattr(
        _Table, "first", lambda table, high, _: np.full(len(high), len(table.slots) - 1, np.int64)
    )
    known = _known([list(range(40)), list(range(40, 70))])
    keys, is_unknown = known.keys(_ids([69, 5, 70, 0]))
    assert keys.tolist() == [70, 6, 0, 1]
    assert is_unknown.tolist() == [False, False, True, False]
