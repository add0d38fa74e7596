"""A full copy of `analytics` into DuckDB: our ingest beside DuckDB's postgres extension and dlt with connectorx.

The peers run in environments of their own below the work folder and copy the same columns of the same table.
Ours is timed by its own report for that table, which includes keys, local dates and the source's day totals;
the peers are timed from the start of the copy. Peak memory is the peak resident set of the whole process,
for ours with all other tables.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks import nights, processes

EXTENSION_PACKAGES = ("duckdb==1.5.5", "duckdb-extension-postgres-scanner==1.5.5")
DLT_PACKAGES = ("dlt[duckdb]", "duckdb<2", "connectorx", "sqlalchemy<2.1", "psycopg2-binary", "pyarrow")

TURNS = 3
HERE = Path(__file__).parent


@dataclass(frozen=True)
class Copy:
    """One full copy: seconds of the table, peak memory of the process in MB."""

    seconds: float
    peak_mb: float


def measure(server: str, sizes: Sequence[int], work: Path) -> str:
    """Copy at each size with all three; gives the section of the page."""
    extension = environment(work / "venv-extension", EXTENSION_PACKAGES)
    dlt = environment(work / "venv-dlt", DLT_PACKAGES)
    rows = []
    for events in sizes:
        url = nights.source(server, events, nights.start())
        turns = [
            (
                copy(Path(sys.executable), "copy_ingest", url, work / f"ours-{events}.duckdb"),
                copy(extension, "copy_extension", url, work / f"extension-{events}.duckdb"),
                copy(dlt, "copy_dlt", url, work / f"dlt-{events}.duckdb"),
            )
            for _ in range(TURNS)
        ]
        ours, peer, other = map(typical, zip(*turns, strict=True))
        rows.append((events, ours, peer, other))
    return section(rows)


def typical(copies: Sequence[Copy]) -> Copy:
    """The median of the seconds, the highest peak."""
    return Copy(median(copy.seconds for copy in copies), max(copy.peak_mb for copy in copies))


def environment(folder: Path, packages: Sequence[str]) -> Path:
    """A virtual environment with these packages; gives its interpreter."""
    uv = str(Path(sys.executable).with_name("uv"))
    subprocess.run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(folder)], check=True)
    python = folder / "bin" / "python"
    subprocess.run([uv, "pip", "install", "--quiet", "--python", str(python), *packages], check=True)
    return python


def copy(python: Path, script: str, url: str, target: Path) -> Copy:
    """Run a copy as a process of its own; raises when it fails."""
    target.unlink(missing_ok=True)
    # -P: the folder of the script holds a module that has the name of our package.
    command = [str(python), "-P", "-W", "ignore", str(HERE / f"{script}.py"), url, str(target)]
    done = processes.run(command, {"PYTHONPATH": "."}, HERE.parent)
    return Copy(float(json.loads(done.printed.strip().splitlines()[-1])["seconds"]), done.peak_mb)


def section(rows: Sequence[tuple[int, Copy, Copy, Copy]]) -> str:
    """The table, and the two ratios that the issue asks for."""
    lines = [
        "## A full copy of `analytics`",
        "",
        f"Ours and the extension have a DuckDB memory limit of 256 MB. They take {TURNS} turns; medians, and highest peaks.",
        "",
        "| events | ours, s | DuckDB's postgres extension, s | dlt with connectorx, s | ours / extension (wanted: at most 1.3) | dlt / ours (wanted: at least 3) | peak MB: ours (wanted: under 700) | extension | dlt |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for events, ours, peer, other in rows:
        ratios = f"{ours.seconds / peer.seconds:.2f} | {other.seconds / ours.seconds:.1f}"
        seconds = f"{ours.seconds:.1f} | {peer.seconds:.1f} | {other.seconds:.1f}"
        peaks = f"{ours.peak_mb:.0f} | {peer.peak_mb:.0f} | {other.peak_mb:.0f}"
        lines.append(f"| {events:,} | {seconds} | {ratios} | {peaks} |")
    return "\n".join(lines)
