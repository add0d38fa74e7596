"""Prometheus metrics of the API. No label ever holds an id or a value of a caller."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from functools import lru_cache

from prometheus_client import (
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    multiprocess,
)

from api.manifest import Manifest

SHARED_DIR = "PROMETHEUS_MULTIPROC_DIR"
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)

REQUESTS = Counter("schoolhouse_requests", "Requests answered.", ["method", "route", "status"])
SECONDS = Histogram("schoolhouse_request_seconds", "Time to answer.", ["route"], buckets=_BUCKETS)
CACHE_HITS = Counter("schoolhouse_cache_hits", "Answers taken from the cache.")
CACHE_MISSES = Counter("schoolhouse_cache_misses", "Answers that had to be computed.")
CACHE_JOINED = Counter("schoolhouse_cache_joined", "Requests that waited for an equal one's answer.")
CACHE_BYTES = Gauge("schoolhouse_cache_bytes", "Bytes of cached answers.", multiprocess_mode="livesum")
SNAPSHOTS_OPENED = Counter("schoolhouse_snapshots_opened", "Snapshots taken into use.")
SNAPSHOTS_REFUSED = Counter("schoolhouse_snapshots_refused", "Damaged snapshots that were refused.")
SNAPSHOT_AS_OF = Gauge(
    "schoolhouse_snapshot_as_of_seconds",
    "as_of of the snapshot in use, Unix time.",
    multiprocess_mode="livemin",
)
SNAPSHOT_AGE = Gauge(
    "schoolhouse_snapshot_age_seconds",
    "Age of the snapshot in use by its as_of.",
    multiprocess_mode="livemax",
)


def observe_snapshot(manifest: Manifest) -> None:
    """Count a snapshot taken into use."""
    SNAPSHOTS_OPENED.inc()
    SNAPSHOT_AS_OF.set(manifest.as_of.timestamp())


def observe_request(method: str, route: str, status: int, seconds: float) -> None:
    """Count one answered request under its route template."""
    requests, duration = _children(method, route, status)
    requests.inc()
    duration.observe(seconds)


@lru_cache(maxsize=1_000)
def _children(method: str, route: str, status: int) -> tuple[Counter, Histogram]:
    return REQUESTS.labels(method, route, status), SECONDS.labels(route)


def exposition(manifest: Manifest | None) -> bytes:
    """The metrics of all workers in the Prometheus text format."""
    if manifest is not None:
        SNAPSHOT_AGE.set((datetime.now(UTC) - manifest.as_of).total_seconds())
    if SHARED_DIR not in os.environ:
        return generate_latest(REGISTRY)
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)
