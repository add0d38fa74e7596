"""What the routes share for the lifetime of one worker."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

from api.auth import Verifier, make_verifier
from api.cache import AnswerCache
from api.limits import Limiter
from api.settings import ApiSettings
from api.sql.sandbox import Sandboxes
from api.store import SnapshotStore

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class Services:
    """Settings and the state of one worker; reach it as `request.app.state.services`."""

    settings: ApiSettings
    verifier: Verifier
    store: SnapshotStore
    cache: AnswerCache
    limiter: Limiter
    pool: ThreadPoolExecutor
    sandboxes: Sandboxes

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run blocking work (DuckDB, files) on the bounded pool."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.pool, lambda: work(*args, **kwargs))


def make_services(settings: ApiSettings) -> Services:
    """The services of one worker. Raises ConfigurationError when no key to verify tokens is configured."""
    return Services(
        settings=settings,
        verifier=make_verifier(settings),
        store=SnapshotStore(settings),
        cache=AnswerCache(settings.cache_bytes),
        sandboxes=Sandboxes(settings),
        limiter=Limiter(settings),
        pool=ThreadPoolExecutor(settings.query_threads, thread_name_prefix="query"),
    )
