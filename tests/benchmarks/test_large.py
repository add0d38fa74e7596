"""The large benchmark: limits that hold, and a page that hides nothing."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from benchmarks import processes
from benchmarks.large.months import unchanged_months
from benchmarks.large.page import ALL_STEPS, section
from benchmarks.large.picture import draw
from benchmarks.large.result import Failure, Result, failure_of, load, save
from benchmarks.nights import Run
from benchmarks.service import Latency

STEPS = [{"name": name, "seconds": 2.0, "state": "done"} for name in ALL_STEPS]
BUILD = {"seconds": {"marts.fct_user_day": 1.5}, "rows_processed": {"marts.fct_user_day": 20}}
OUT_OF_MEMORY = """
import duckdb, sys
try:
    duckdb.sql("SELECT list(range) FROM range(100_000_000)").fetchone()
except duckdb.Error as error:
    sys.exit(str(error).splitlines()[0])
"""
DATES = {
    "fct_user_day": "activity_date",
    "fct_lesson_progress": "updated_date",
    "fct_quiz_attempt": "completed_date",
}


def test_a_run_beyond_its_memory_is_killed_and_told() -> None:
    """A limit that can be passed by would let a benchmark claim a size that it does not keep."""
    with pytest.raises(processes.CommandError) as caught:
        processes.run(
            [sys.executable, "-c", "import time; b'x' * 2**29; kept = b'y' * 2**29; time.sleep(60)"],
            memory_mb=384,
        )
    failure = failure_of("first run", "build", caught.value)
    assert failure.error.startswith("killed by signal 9")
    assert failure.peak_mb > 384


@pytest.mark.parametrize("command", ["bytearray(2**29)", OUT_OF_MEMORY])
def test_a_server_beyond_its_memory_fails_and_says_so(command: str) -> None:
    """The same, where nobody watches and the operating system has to."""
    with pytest.raises(processes.CommandError) as caught:
        processes.run(processes.limited([sys.executable, "-c", command], 384))
    failure = failure_of("API", "start or end", caught.value)
    assert "Memory" in failure.error
    assert 0 < failure.mapped_mb <= 384


def test_a_run_within_its_memory_ends_well() -> None:
    """A limit that fails everything would be told as a miss of the product."""
    ended = processes.run([sys.executable, "-c", "print(len(bytearray(2**27)))"], memory_mb=384)
    assert ended.printed == f"{2**27}\n"


def test_a_killed_run_is_told_with_its_signal() -> None:
    """Killed for memory and failed by itself are different findings."""
    with pytest.raises(processes.CommandError) as caught:
        processes.run(["sh", "-c", "echo building; kill -9 $$"])
    assert failure_of("night 1", "build", caught.value).error == "killed by signal 9; last line: building"


def test_the_page_tells_a_size_that_failed(tmp_path: Path) -> None:
    """A size that was killed must not vanish from the tables, nor its ratio be made of something else."""
    save(tmp_path, _measured(1_000_000, p95=4.0))
    lost = Failure("first run", "build", "error (build/memory_limit): too | little", 61.0, 7900.0, 8190.0)
    save(tmp_path, Result(100_000_000, 500_000, "Measured.", failures=(lost,), is_done=True))
    text = section(load(tmp_path, 500_000), "picture.svg")
    told = "error (build/memory_limit): too \\| little"
    assert f"| 100,000,000 | first run | build | 61 | 7,900 / 8,190 | {told} |" in text
    assert "| **night, s** | 7.0 | – |" in text
    assert "There is no ratio of the nights" in text
    assert "| overview | 1.0 / 4.0 / 9.0 | – | – |" in text


def test_the_page_has_the_ratios_of_the_largest_to_the_smallest(tmp_path: Path) -> None:
    """What is wanted is a ratio: turned round, or between other sizes, it is always kept."""
    for events, seconds, p95 in ((100_000_000, 14.0, 9.0), (1_000_000, 7.0, 4.0), (10_000_000, 8.0, 5.0)):
        save(tmp_path, _measured(events, seconds, p95))
    save(tmp_path, replace(_measured(100_000), new_events=10_000))
    results = load(tmp_path, 500_000)
    text = section(results, "picture.svg")
    assert "The night at 100,000,000 events beside that at 1,000,000: whole 2.00 x" in text
    assert "| overview | 1.0 / 4.0 / 9.0 | 1.0 / 5.0 / 9.0 | 1.0 / 9.0 / 9.0 | 2.25 |" in text
    assert "Above 2 x in p95 (wanted: none): overview." in text
    assert "100M" in draw(results)


def test_months_are_unchanged_when_every_row_is(tmp_path: Path) -> None:
    """A month counted as unchanged although a row in it differs would promise a saving that is none."""
    before, after = tmp_path / "before.duckdb", tmp_path / "after.duckdb"
    same = [("2026-01-05", 1), ("2026-03-05", 1), ("2026-03-06", 2)]
    _facts(before, [*same, ("2026-02-05", 1), (None, 1)])
    _facts(after, [*reversed(same), ("2026-02-05", 2), ("2026-04-01", 1), (None, 9)])
    found = unchanged_months(before, after)
    assert [(one.fact, one.months, one.unchanged, one.rows, one.unchanged_rows) for one in found] == [
        (fact, 4, 2, 5, 3) for fact in DATES
    ]


def _measured(events: int, seconds: float = 7.0, p95: float = 4.0) -> Result:
    run = Run(seconds, 800.0, {"steps": STEPS, "build": BUILD})
    latencies = (Latency("overview", 1.0, p95, 9.0, None),)
    nights = (run, run, run)
    return Result(events, 500_000, "Measured.", first=run, nights=nights, latencies=latencies, is_done=True)


def _facts(file: Path, rows: list[tuple[str | None, int]]) -> None:
    with duckdb.connect(str(file)) as connection:
        for fact, date in DATES.items():
            connection.execute(f"CREATE TABLE {fact} ({date} DATE, xp INTEGER)")
            connection.executemany(f"INSERT INTO {fact} VALUES (?, ?)", rows)
