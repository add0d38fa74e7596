"""Names of runs and snapshots that sort by time."""

from __future__ import annotations

import secrets
from datetime import datetime


def new_id(now: datetime) -> str:
    """`20261122T014502Z-<6 hex>`: UTC second, then five digits of its microseconds and a random one."""
    return f"{now:%Y%m%dT%H%M%SZ}-{now.microsecond:05x}{secrets.randbelow(16):x}"
