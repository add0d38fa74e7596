"""The sections of docs/benchmarks.md, from what was measured."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from benchmarks.nights import EVENTS_PER_LEARNER, NEW_EVENTS, NIGHTS, Size
from benchmarks.service import DIRECT_LIMIT_SECONDS, P95_LIMIT_MS, P99_LIMIT_MS, Latency, Load, Rates

INTRODUCTION = """# Benchmarks

Every table is written by the script that measured it (`make bench`; the largest sizes `make bench-large`). The machines are small and shared: compare figures of one
table, which come from one run on one machine, never across tables.
"""
JUDGED = ("overview", "trends/engagement", "trends/content", "dashboard", "summary", "leaderboard")


def nights_section(sizes: Sequence[Size]) -> str:
    """First build and nights by size, whole processes."""
    rows = [_size_row(size) for size in sizes]
    largest = sizes[-1]
    ratio = largest.night_seconds / sizes[0].night_seconds
    erasure = largest.erasure.seconds / largest.night_seconds
    return "\n".join(
        [
            "## A first build, and the nights after it",
            "",
            f"Whole processes (`schoolhouse nightly`), {NEW_EVENTS:,} new events a night and what changes around them, median of {NIGHTS} nights, the sizes in turn.",
            "",
            "| events | generated in, s | first run, s | ingest | build | publish | night, s | ingest | build | publish | peak MB, first | peak MB, night | rows written by incremental models in a night |",
            "|---|---|---|---|---|---|---|---|---|---|---|---|---|",
            *rows,
            "",
            f"The night at {largest.events:,} events takes {ratio:.2f} x the night at {sizes[0].events:,} (wanted: at most 1.5 x).",
            "",
            f"Erasing 1 of {largest.events // EVENTS_PER_LEARNER:,} learners at {largest.events:,} events: the night takes {largest.erasure.seconds:.1f} s, "
            f"{erasure:.2f} x a night without (wanted: at most 2 x).",
        ]
    )  # fmt: skip


def _size_row(size: Size) -> str:
    first, nights = size.first, size.nights
    steps = [f"{first.step(name):.1f}" for name in ("ingest", "build", "publish")]
    night_steps = [
        f"{statistics.median(night.step(name) for night in nights):.1f}"
        for name in ("ingest", "build", "publish")
    ]
    written = nights[-1].record["build"]["rows_processed"]
    told = ", ".join(f"{name.split('.')[-1]} {rows:,}" for name, rows in written.items())
    peak = max(night.peak_mb for night in nights)
    cells = [
        f"{size.events:,}",
        f"{size.generate_seconds:.0f}",
        f"{first.seconds:.1f}",
        *steps,
        f"{size.night_seconds:.1f}",
        *night_steps,
    ]
    return f"| {' | '.join(cells)} | {first.peak_mb:.0f} | {peak:.0f} | {told} |"


def api_section(events: int, latencies: Sequence[Latency], loads: Sequence[Load], rates: Rates) -> str:
    """Latencies beside direct SQL, mixed load, cached rates."""
    judged = [one for one in latencies if one.direct_ms and one.name.split(",")[0] in JUDGED]
    faster = statistics.geometric_mean((one.direct_ms or 0) / one.p50_ms for one in judged)
    slower = [one.name for one in latencies if one.direct_ms is not None and one.direct_ms < one.p50_ms]
    held = [load.rate for load in loads if load.holds]
    return "\n".join(
        [
            f"## The API at {events:,} events",
            "",
            f"Each endpoint alone, one worker, answers worked out anew each time; direct is the same answer by SQL on the PostgreSQL source with the contract's indexes (`pipeline/direct_sql`), given up after {DIRECT_LIMIT_SECONDS} s.",
            "",
            "| endpoint | p50 ms | p95 ms | p99 ms | direct ms | times faster |",
            "|---|---|---|---|---|---|",
            *(_latency_row(one) for one in latencies),
            "",
            f"Geometric mean over overview, trends, dashboard, summary and leaderboard: {faster:.0f} times faster (wanted: 50). "
            f"Slower than direct SQL: {', '.join(slower) or 'none'}.",
            "",
            "Mixed load of all these endpoints in an open loop, uncached, one worker:",
            "",
            "| requests a second | p95 ms | p99 ms | errors |",
            "|---|---|---|---|",
            *(f"| {load.rate} | {load.p95_ms:.1f} | {load.p99_ms:.1f} | {load.errors} |" for load in loads),
            "",
            f"Highest rate tried that holds p95 < {P95_LIMIT_MS:.0f} ms and p99 < {P99_LIMIT_MS:.0f} ms without errors: {max(held, default=0)} a second.",
            "",
            f"Cached: an empty FastAPI route answers {rates.empty:,.0f} a second, a cached overview {rates.cached:,.0f} "
            f"({rates.cached / rates.empty:.0%}), a 304 {rates.not_modified:,.0f} ({rates.not_modified / rates.empty:.0%}; wanted: 60 %).",
        ]
    )  # fmt: skip


def _latency_row(one: Latency) -> str:
    direct = f"{one.direct_ms:,.0f}" if one.direct_ms is not None else "–"
    times = f"{one.direct_ms / one.p50_ms:,.0f}" if one.direct_ms is not None else "–"
    return f"| {one.name} | {one.p50_ms:.1f} | {one.p95_ms:.1f} | {one.p99_ms:.1f} | {direct} | {times} |"
