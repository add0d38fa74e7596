"""Five nights one after another publish what a build from scratch publishes, every night."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from api.runs import RunState
from demo.day import append_day
from demo.generate import generate
from tests.conftest import SCHOOL_AS_OF, MakeDatabase, Night, settings_of
from tests.nights.comparison import differences

pytestmark = pytest.mark.slow

NIGHTS = 5
# Its rows are receipts of this data directory's own erasures, not figures of the source.
OWN_HISTORY = frozenset({"compliance_erasures"})


@pytest.mark.timeout(1200)
def test_every_night_equals_a_build_from_scratch(
    make_database: MakeDatabase, night: Night, tmp_path: Path
) -> None:
    """Guards against figures that drift from the source night by night and that nobody can see."""
    source_url = make_database()
    generate(source_url, learners=30, events=4_000, days=60, seed=11, as_of=SCHOOL_AS_OF)
    kept = tmp_path / "kept"
    found: dict[str, dict[str, int]] = {}
    as_of = SCHOOL_AS_OF
    play(night, source_url, kept, as_of)  # the first night is itself a build from scratch
    for number in range(1, NIGHTS):
        as_of = next_day(source_url, as_of, number)
        play(night, source_url, kept, as_of)
        if number == 2:
            play(night, source_url, kept, as_of)  # a re-run of the same night
        scratch = tmp_path / f"scratch_{number}"
        play(night, source_url, scratch, as_of)
        sides = [settings_of(source_url, folder) for folder in (kept, scratch)]
        found[f"night {number}"] = differences(*sides, without=OWN_HISTORY)

    assert found == {f"night {number}": {} for number in range(1, NIGHTS)}


def play(night: Night, source_url: str, data_dir: Path, as_of: datetime) -> None:
    """One night that must be published."""
    run = night(source_url, data_dir, as_of=as_of)
    assert run.state is RunState.PUBLISHED, run.error


def next_day(source_url: str, as_of: datetime, number: int) -> datetime:
    """A believable day, and on top of it what is easily missed: an emptied day, schools that move."""
    later = as_of + timedelta(days=1)
    append_day(source_url, seed=number, as_of=later)
    with psycopg.connect(source_url) as connection:
        if number == 1:
            connection.execute(
                "DELETE FROM analytics WHERE created_at::date = %s", [as_of.date() - timedelta(9)]
            )
        if number == 2:
            connection.execute(
                "UPDATE schools SET timezone = 'Pacific/Tongatapu', updated_at = %s"
                " WHERE code IN (SELECT code FROM schools ORDER BY code LIMIT 3)",
                [later],
            )
    return later
