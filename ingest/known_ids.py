"""UUIDs and their keys in memory: a hash table in numpy, with open addressing and linear probing.

Arrow's index_in() builds its table anew for every column that is looked up: with hundreds of thousands of
UUIDs that takes many times as long as the look-ups in a batch of rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Words = npt.NDArray[np.uint64]
Places = npt.NDArray[np.int64]
Keys = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]
_FREE = -1
_ROOM = 1024
_SLOTS = 2  # for each UUID that there is room for: chains stay short
# Multiplicative hashing (Knuth, The Art of Computer Programming 3, 6.4): odd numbers near 2**64 / phi and
# 2**64 / sqrt(2).
_FIRST, _SECOND = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xB504F333F9DE6485)


@dataclass(frozen=True)
class _Table:
    """`slots` give the place of a UUID in the other arrays, which hold its two halves and its key."""

    slots: npt.NDArray[np.int32]
    high: Words
    low: Words
    keys: Keys

    @classmethod
    def of(cls, room: int) -> _Table:
        """An empty one for so many UUIDs, a power of two."""
        slots = np.full(room * _SLOTS, _FREE, np.int32)
        return cls(slots, np.zeros(room, np.uint64), np.zeros(room, np.uint64), np.zeros(room, np.int32))

    def first(self, high: Words, low: Words) -> Places:
        """The slot to look at first."""
        bits = np.uint64(len(self.slots).bit_length() - 1)
        mixed = ((high * _FIRST) ^ (low * _SECOND)) * _FIRST
        return (mixed >> (np.uint64(64) - bits)).view(np.int64)

    def next(self, slots: Places) -> Places:
        """The slot to look at when there is another UUID in this one."""
        return (slots + 1) & (len(self.slots) - 1)

    def insert(self, places: npt.NDArray[np.int32], high: Words, low: Words, keys: Keys) -> None:
        """Put UUIDs that are not there into free places."""
        self.high[places], self.low[places], self.keys[places] = high, low, keys
        slots = self.first(high, low)
        while len(places):
            is_free = self.slots[slots] == _FREE
            # Where several want the same slot one of them gets it.
            self.slots[slots[is_free]] = places[is_free]
            goes_on = self.slots[slots] != places
            places, slots = places[goes_on], self.next(slots[goes_on])

    def find(self, high: Words, low: Words) -> Places:
        """The place of each UUID, _FREE if it is not there."""
        slots = self.first(high, low)
        found, is_open = self._look(slots, high, low)
        rows = np.flatnonzero(is_open)
        slots = slots[rows]
        while len(rows):
            slots = self.next(slots)
            found[rows], is_open = self._look(slots, high[rows], low[rows])
            rows, slots = rows[is_open], slots[is_open]
        return found

    def _look(self, slots: Places, high: Words, low: Words) -> tuple[Places, Flags]:
        """What is in these slots, and where that is another UUID."""
        places = self.slots.take(slots, mode="clip").astype(np.int64)
        is_other = (self.high.take(places, mode="clip") != high) | (self.low.take(places, mode="clip") != low)
        return places, is_other & (places != _FREE)


class KnownIds:
    """Keys of UUIDs, 0 for those that shall have none. One thread adds, any thread may look up meanwhile."""

    def __init__(self) -> None:
        self._table = _Table.of(_ROOM)
        self._count = 0

    def add(self, ids: pa.Array, keys: Keys) -> None:
        """UUIDs (binary(16), no NULL, no two alike) that are not there yet, with their keys."""
        table, end = self._table, self._count + len(ids)
        if end > len(table.keys):
            larger = _Table.of(1 << (end - 1).bit_length())
            old = slice(self._count)
            larger.insert(
                np.arange(self._count, dtype=np.int32), table.high[old], table.low[old], table.keys[old]
            )
            table = larger
        table.insert(np.arange(self._count, end, dtype=np.int32), *_halves(ids), keys)
        # A larger one is seen when it is complete.
        self._table, self._count = table, end

    def keys(self, ids: pa.Array) -> tuple[Keys, Flags]:
        """The key of each UUID (binary(16)), 0 for NULL and what is not there.

        And for each whether it is not there, NULL aside.
        """
        table = self._table
        places = table.find(*_halves(ids))
        is_unknown = places == _FREE
        keys = table.keys.take(places, mode="clip")
        if ids.null_count:
            is_null = ids.is_null().to_numpy(zero_copy_only=False)
            is_unknown &= ~is_null
            keys[is_null] = 0
        keys[is_unknown] = 0
        return keys, is_unknown


def _halves(ids: pa.Array) -> tuple[Words, Words]:
    words = np.frombuffer(ids.buffers()[1] or b"", np.uint64)
    both = words[2 * ids.offset : 2 * (ids.offset + len(ids))]
    return both[::2], both[1::2]
