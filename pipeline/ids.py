"""Names of runs and snapshots that sort by time."""

from __future__ import annotations

import secrets
from contextlib import suppress
from datetime import UTC, datetime, timedelta

_SECOND = "%Y%m%dT%H%M%SZ"


def new_id(now: datetime, last: str = "") -> str:
    """`20261122T014502Z-<6 hex>`: UTC second, then five digits of its microseconds and a random one.

    Always after `last`, the newest name there is: a clock may have been put back.
    """
    with suppress(ValueError):
        second, _, digits = last.partition("-")
        before = datetime.strptime(second, _SECOND).replace(tzinfo=UTC)
        now = max(now, before + timedelta(microseconds=int(digits[:5], 16) + 1))
    return f"{now:%Y%m%dT%H%M%SZ}-{now.microsecond:05x}{secrets.randbelow(16):x}"
