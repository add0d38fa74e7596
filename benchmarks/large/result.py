"""What the large benchmark has found out about one size, and where that is kept."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import TypeAdapter

from benchmarks.large.months import Unchanged
from benchmarks.nights import Run
from benchmarks.processes import CommandError
from benchmarks.service import Latency

STEPS = ("ingest", "build", "publish")


@dataclass(frozen=True)
class Failure:
    """What did not end well: the run, its step, the last line that it said, seconds and peak MBs until then."""

    run: str
    step: str
    error: str
    seconds: float = 0.0
    peak_mb: float = 0.0
    mapped_mb: float = 0.0


@dataclass(frozen=True)
class Result:
    """One size of history, in events, as far as it is measured; `as_of` is None before it is generated.

    The first of `nights` is not counted: it still writes caches. `measured` says when and on what.
    """

    events: int
    new_events: int
    measured: str
    as_of: datetime | None = None
    generate_seconds: float = 0.0
    database_bytes: int = 0
    first: Run | None = None
    nights: tuple[Run, ...] = ()
    unchanged: tuple[Unchanged, ...] = ()
    warehouse_bytes: int = 0
    snapshot_bytes: int = 0
    latencies: tuple[Latency, ...] = ()
    api_peak_mb: float = 0.0
    api_mapped_mb: float = 0.0
    failures: tuple[Failure, ...] = ()
    is_done: bool = False

    @property
    def counted(self) -> tuple[Run, ...]:
        """The nights that count."""
        return self.nights[1:]

    def night(self, figure: Callable[[Run], float]) -> float | None:
        """A figure of the nights, their median; None without a night."""
        return statistics.median(map(figure, self.counted)) if self.counted else None

    @property
    def night_seconds(self) -> float | None:
        """Wall seconds of a night."""
        return self.night(lambda run: run.seconds)


RESULT = TypeAdapter(Result)


def save(folder: Path, result: Result) -> Result:
    """Keep it, in place of what was known about this size before."""
    folder.mkdir(parents=True, exist_ok=True)
    written = folder / f"{result.events}.json.new"
    written.write_bytes(RESULT.dump_json(result, indent=1))
    written.replace(folder / f"{result.events}.json")
    return result


def load(folder: Path, new_events: int) -> list[Result]:
    """What is kept of nights of so many new events, by size: others are not to be compared with them."""
    found = [RESULT.validate_json(path.read_bytes()) for path in folder.glob("*.json")]
    same = [result for result in found if result.new_events == new_events]
    return sorted(same, key=lambda result: result.events)


def failure_of(run: str, step: str, error: Exception) -> Failure:
    """What went wrong, in one line; of a command the line that `schoolhouse` names the error in, or its last."""
    if not isinstance(error, CommandError):
        return Failure(run, step, f"{type(error).__name__}: {next(iter(str(error).splitlines()), '')}")
    lines = [line.strip() for line in error.ended.printed.splitlines() if line.strip()]
    named = [line for line in lines if line.startswith("error (")]
    said = next(reversed(named or lines), "nothing was printed")
    told = f"killed by signal {-error.code}; last line: {said}" if error.code < 0 else said
    ended = error.ended
    return Failure(run, step, told, ended.seconds, ended.peak_mb, ended.mapped_mb)
