"""Answers in memory: bounded in bytes, one computation for simultaneous equal requests.

The key of an answer is its ETag: snapshot, request and the caller's scope. A new snapshot therefore never
meets an old answer, and when it comes the old ones are let go.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from cachetools import LRUCache

from api import telemetry

_ENTRY_OVERHEAD = 1_000  # headers, key and bookkeeping of one answer, roughly


@dataclass(frozen=True, slots=True)
class Answer:
    """A finished 200: the bytes, and the same compressed where that pays off."""

    etag: str
    route: str
    max_age: int
    media_type: str
    body: bytes
    gzipped: bytes | None = None
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def size(self) -> int:
        """Bytes that the answer takes in the cache."""
        return len(self.body) + len(self.gzipped or b"") + _ENTRY_OVERHEAD


class AnswerCache:
    """Used from the event loop's thread only."""

    def __init__(self, largest_bytes: int) -> None:
        self._answers = _answers(largest_bytes)
        self._running: dict[str, asyncio.Task[Answer]] = {}

    def get(self, key: str) -> Answer | None:
        """A finished answer, or None."""
        return self._answers.get(key)

    def put(self, answer: Answer) -> None:
        """Keep an answer unless it alone would push out most of the others."""
        if answer.size <= self._answers.maxsize / 8:
            self._answers[answer.etag] = answer
            telemetry.CACHE_BYTES.set(self._answers.currsize)

    def clear(self) -> None:
        """Let go of all answers; what is being computed is still given to those who wait for it."""
        # A new one: emptied one by one, many answers would hold up the event loop.
        self._answers = _answers(int(self._answers.maxsize))
        telemetry.CACHE_BYTES.set(0)

    async def get_or_compute(self, key: str, compute: Callable[[], Awaitable[Answer]]) -> Answer:
        """The answer of a key, computed once however many ask at the same time. Failures are not kept."""
        if (known := self.get(key)) is not None:
            telemetry.CACHE_HITS.inc()
            return known
        task = self._running.get(key)
        if task is None:
            telemetry.CACHE_MISSES.inc()
            task = self._running[key] = asyncio.create_task(self._run(key, compute))
        else:
            telemetry.CACHE_JOINED.inc()
        # Shielded: a client that leaves must not take the answer from the others who wait for it.
        return await asyncio.shield(task)

    async def _run(self, key: str, compute: Callable[[], Awaitable[Answer]]) -> Answer:
        try:
            answer = await compute()
            self.put(answer)
            return answer
        finally:
            del self._running[key]


def _answers(largest_bytes: int) -> LRUCache[str, Answer]:
    return LRUCache(largest_bytes, getsizeof=lambda answer: answer.size)
