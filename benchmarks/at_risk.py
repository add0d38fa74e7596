"""Judge the at-risk flag on generated years whose drop-outs are known: `python -m benchmarks.at_risk`.

Writes docs/at-risk.md between its marks. Data goes below build/at-risk and is made anew.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import polars as pl

from api.runs import RunState
from benchmarks.__main__ import machine
from demo.generate import dropouts, generate, no_shows
from demo.plan import Plan
from demo.server import apply_schema, create_database, embedded_postgres
from ingest.progress import Silent
from pipeline.at_risk.judge import Figures, Losses, judge, observed
from pipeline.at_risk.page import markdown
from pipeline.at_risk.replay import opened, rules_of
from pipeline.run import Options, execute
from pipeline.settings import Settings
from pipeline.steps import NIGHTLY

WORK = Path("build/at-risk")
PAGE = Path("docs/at-risk.md")
YEARS = (1, 2, 3)
LEARNERS, EVENTS, DAYS = 1_200, 500_000, 330
LOOK_BACK = DAYS + 70  # from before the first enrolment on
AS_OF = datetime(2026, 11, 20, 1, 30, tzinfo=UTC)
LOSSES = """
CREATE OR REPLACE TEMP TABLE losses AS
SELECT users.user_key, truth.loss_date, NULL::DATE AS return_date
FROM (
    SELECT user_id, dropped_out_date AS loss_date FROM gone
    UNION ALL
    SELECT never.user_id, min(enrolled_date) FROM never
    JOIN raw.users AS users ON users.id = never.user_id::UUID
    JOIN members ON members.user_key = users.user_key
    GROUP BY never.user_id
) AS truth
JOIN raw.users AS users ON users.id = truth.user_id::UUID
"""


@dataclass(frozen=True)
class Year:
    """A generated year: figures against the generator's own list, and against the events alone."""

    seed: int
    known: list[Figures]
    seen: list[Figures]


def main() -> None:
    """Make the years, judge the flag on them, and write the page."""
    shutil.rmtree(WORK, ignore_errors=True)
    with embedded_postgres(WORK / "postgres") as server:
        years = [year(server, seed) for seed in YEARS]
    text = PAGE.read_text()
    section = f"<!-- figures -->\n{figures_section(years)}\n<!-- /figures -->"
    PAGE.write_text(re.sub(r"<!-- figures -->.*<!-- /figures -->", lambda _: section, text, flags=re.DOTALL))


def year(server: str, seed: int) -> Year:
    """Generate, build and judge one year."""
    plan = Plan(LEARNERS, EVENTS, DAYS, seed, AS_OF)
    with published(server, plan) as settings, opened(settings) as warehouse:
        rules = rules_of(settings)
        known = judge(warehouse, rules, LOOK_BACK, known_losses(plan))
        return Year(seed, known, judge(warehouse, rules, LOOK_BACK, observed))


def known_losses(plan: Plan) -> Losses:
    """The drop-outs that the generator made, instead of those that the events suggest."""
    gone, never = dropouts(plan), pl.DataFrame([no_shows(plan)])

    def make(connection: duckdb.DuckDBPyConnection) -> None:
        connection.register("gone", gone.to_arrow())
        connection.register("never", never.to_arrow())
        connection.execute(LOSSES)

    return make


@contextmanager
def published(server: str, plan: Plan) -> Iterator[Settings]:
    """Settings of a data directory with one night of the year."""
    url = create_database(server, f"year_{plan.seed}")
    apply_schema(url)
    generate(
        url, learners=plan.learners, events=plan.events, days=plan.days, seed=plan.seed, as_of=plan.as_of
    )
    settings = Settings.model_validate({"source_url": url, "data_dir": WORK / f"data-{plan.seed}"})
    run = execute(settings, "nightly", NIGHTLY, Options(plan.as_of), Silent())
    if run.state is not RunState.PUBLISHED:
        raise SystemExit(f"the night of year {plan.seed} failed: {run.error}")
    yield settings


def figures_section(years: list[Year]) -> str:
    """The tables of the page."""
    parts = [
        f"Measured {datetime.now(UTC):%Y-%m-%d} by `make at-risk` on {machine()}: {LEARNERS:,} learners, "
        f"{EVENTS:,} events, {DAYS} days a year, seeds {', '.join(map(str, YEARS))}.",
        "### Against the known drop-outs",
    ]
    parts += [f"Year {one.seed}:\n\n{markdown(whole(one.known))}" for one in years]
    parts.append("### Against the events alone, as `schoolhouse evaluate-at-risk` does it")
    parts += [f"Year {one.seed}:\n\n{markdown(whole(one.seen))}" for one in years]
    by_school = [one for one in years[0].known if one.school is not None]
    parts.append(f"### By school, against the known drop-outs of year 1\n\n{markdown(by_school)}")
    return "\n\n".join(parts)


def whole(figures: list[Figures]) -> list[Figures]:
    """Those of all schools together."""
    return [one for one in figures if one.school is None]


if __name__ == "__main__":
    main()
