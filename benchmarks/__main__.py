"""Run the benchmarks and write docs/benchmarks.md: `python -m benchmarks [--events N ...] [--only PART ...]`.

Data goes below build/bench, which may need 15 GB. A part that is left out keeps its section of the page.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import dbt_peer, nights, page, service
from benchmarks.ingest import measure as measure_ingest
from demo.server import database_url, embedded_postgres

WORK = Path("build/bench")
PAGE = Path("docs/benchmarks.md")
SIZES = (1_000_000, 10_000_000)
PARTS = ("ingest", "nights", "api", "dbt")


def main() -> None:
    """Measure what was asked for and rewrite the page's sections about it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--events", type=int, nargs="+", default=list(SIZES), metavar="N")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    options = parser.parse_args()
    WORK.mkdir(parents=True, exist_ok=True)
    with embedded_postgres(WORK / "postgres") as server:
        for part in options.only:
            rewrite(part, MEASURE[part](server, options.events))


def measure_nights(server: str, sizes: list[int]) -> str:
    """First builds and nights at each size."""
    data_dirs = [WORK / f"data-{events}" for events in sizes]
    return page.nights_section(nights.measure_sizes(server, sizes, data_dirs))


def measure_api(server: str, sizes: list[int]) -> str:
    """The API on the largest size that the nights have left behind."""
    events = max(sizes)
    data_dir = WORK / f"data-{events}"
    as_of = datetime.fromisoformat(nights.newest_record(data_dir)["as_of"])
    latencies, loads, rates = service.measure(data_dir, database_url(server, f"bench_{events}"), as_of)
    return page.api_section(events, latencies, loads, rates)


MEASURE: dict[str, Callable[[str, list[int]], str]] = {
    "ingest": lambda server, sizes: measure_ingest(server, sizes, WORK),
    "nights": measure_nights,
    "api": measure_api,
    "dbt": lambda server, sizes: dbt_peer.measure(server, max(sizes), WORK),
}


def rewrite(part: str, text: str, measured: str = "") -> None:
    """Put a section into the page, in place of the older one of the same part; `measured` says when and how."""
    stamp = measured or stamp_of(f"python -m benchmarks --only {part}")
    section = f"<!-- {part} -->\n{text.strip()}\n\n{stamp}\n<!-- /{part} -->\n"
    old = PAGE.read_text() if PAGE.exists() else page.INTRODUCTION
    pattern = re.compile(rf"<!-- {part} -->\n.*?<!-- /{part} -->\n", re.DOTALL)
    PAGE.write_text(pattern.sub(lambda _: section, old) if pattern.search(old) else f"{old}\n{section}")


def stamp_of(command: str) -> str:
    """When, by which command and on what something was measured, if that is now and here."""
    return f"Measured {datetime.now(UTC):%Y-%m-%d} by `{command}` on {machine()}."


def machine() -> str:
    """Cores, memory, processor and commit, so that figures can be placed."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    git = shutil.which("git") or "git"
    commit = subprocess.run(
        [git, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    )
    return f"{os.cpu_count()} cores, {memory:.0f} GiB, {platform.machine()}, commit {commit.stdout.strip()}"


if __name__ == "__main__":
    main()
