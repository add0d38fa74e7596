"""A hundred million events on one machine: `python -m benchmarks.large [--events N ...] [--new-events N]`.

One size after another. What is known is kept below build/bench/large at once: a run that was stopped goes on where
it was, a size that is done is not measured again, and the page is written from what is kept. The
defaults need about 50 GB of disk.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import psycopg

from benchmarks.__main__ import WORK, rewrite, stamp_of
from benchmarks.large.page import section, stamp
from benchmarks.large.picture import draw
from benchmarks.large.result import Result, load
from benchmarks.large.size import NIGHTS, Size
from demo.server import embedded_postgres

FOLDER = WORK / "large"
PICTURE = Path("docs/pictures/night-by-size.svg")
SIZES = (1_000_000, 10_000_000, 100_000_000)
NEW_EVENTS = 500_000


def main() -> None:
    """Measure every size that is not measured yet, and write the page's section and its picture."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.large", description=__doc__)
    parser.add_argument("--events", type=int, nargs="+", default=list(SIZES), metavar="N")
    parser.add_argument("--new-events", type=int, default=NEW_EVENTS, metavar="N")
    parser.add_argument("--nights", type=int, default=NIGHTS, metavar="N", help="The first is not counted.")
    parser.add_argument("--again", action="store_true", help="Forget what is known about these sizes.")
    parser.add_argument("--page-only", action="store_true", help="Measure nothing; write what is known.")
    options = parser.parse_args()
    if not options.page_only:
        measure(options.events, options.new_events, options.nights, again=options.again)
    known = load(FOLDER, options.new_events)
    write_page([result for result in known if result.events in options.events])


def measure(sizes: list[int], new_events: int, nights: int, *, again: bool) -> None:
    """One size after another; each lets go of its disk before the next."""
    known = {} if again else {one.events: one for one in load(FOLDER, new_events)}
    command = " ".join(["python -m benchmarks.large", *sys.argv[1:]])
    with embedded_postgres(FOLDER / "postgres") as server:
        keep_little_wal(server)
        for events in sizes:
            result = known.get(events) or Result(events, new_events, stamp_of(command))
            if not result.is_done:
                Size(server, FOLDER, nights).measure(result)


def keep_little_wal(server: str) -> None:
    """The write-ahead log of a load is as large as its data; nobody needs it afterwards."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET max_wal_size = '1GB'")
        connection.execute("SELECT pg_reload_conf()")


def write_page(results: list[Result]) -> None:
    """The section of docs/benchmarks.md, and the picture in it."""
    if not results:
        raise SystemExit(f"Nothing is measured yet: {FOLDER} holds no result of these sizes and nights.")
    PICTURE.write_text(draw(results))
    rewrite("large", section(results, PICTURE.name), stamp(results))


if __name__ == "__main__":
    main()
