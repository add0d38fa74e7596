"""How many requests a caller may make: the `rate_limit` setting, counted per worker."""

from __future__ import annotations

import math
import time

from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from api.auth import ConfigurationError
from api.scope import Caller
from api.settings import PREFIX, ApiSettings


class Limiter:
    """Counts requests of callers in a sliding window."""

    def __init__(self, settings: ApiSettings) -> None:
        self._limit = None
        if settings.rate_limit is None:
            return
        try:
            self._limit = parse(settings.rate_limit)
        except ValueError as mistake:
            raise ConfigurationError(f"{PREFIX}RATE_LIMIT is no limit such as 100/minute") from mistake
        self._counter = SlidingWindowCounterRateLimiter(MemoryStorage())

    def hit(self, caller: Caller) -> int | None:
        """Count a request: None when it is within the limit, else the seconds to wait."""
        if self._limit is None or self._counter.hit(self._limit, str(caller.user_id)):
            return None
        window = self._counter.get_window_stats(self._limit, str(caller.user_id))
        return max(1, math.ceil(window.reset_time - time.time()))
