"""SIGKILL at random moments of nights on changing data, while one real server answers all the time."""

from __future__ import annotations

import random
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.manifest import read_manifest
from api.runs import RunState, read_runs
from demo.day import append_day
from pipeline.settings import Settings
from pipeline.snapshots import current_id
from tests.api.serving import BASE, bearer, served
from tests.conftest import Night, School, settings_of
from tests.faults import nightly
from tests.faults.outcomes import PATIENCE, assert_equal, assert_whole, environment
from tests.faults.record import IS_FULL, SEEN

CHAINS = range(20 if IS_FULL else 1)
KILLS = 10 if IS_FULL else 5
IN_A_ROW = 4
ADMIN = bearer("admin")
Tell = Callable[[str, object], None]


@dataclass(frozen=True)
class Service:
    """The running API, asked as an administrator."""

    client: httpx.Client
    settings: Settings

    def check(self) -> str:
        """Every mart answers with the rows of one whole snapshot; its id."""
        overview = self._get("/analytics/overview")
        snapshot_id = str(overview["meta"]["snapshot_id"])
        tables = read_manifest(self.settings.snapshots_dir / snapshot_id).tables
        counts = " UNION ALL ".join(f"SELECT '{name}', count(*) FROM \"{name}\"" for name in tables)
        answer = self.client.post(f"{BASE}/sql", json={"query": counts})
        assert answer.status_code == 200, answer.text
        answered = str(answer.json()["meta"]["snapshot_id"])
        if answered > snapshot_id:
            return self.check()  # a newer one came between the two requests
        assert answered == snapshot_id
        assert dict(answer.json()["data"]["rows"]) == tables
        return snapshot_id

    def follow(self) -> None:
        """Wait until the newest snapshot is the one that answers."""
        deadline = time.monotonic() + 60
        while self.check() != current_id(self.settings.snapshots_dir):
            assert time.monotonic() < deadline
            time.sleep(0.2)

    def _get(self, path: str) -> dict[str, Any]:
        answer = self.client.get(BASE + path)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found


@contextmanager
def service(settings: Settings, log: Path) -> Iterator[Service]:
    """`schoolhouse serve` on the data directory, in a process of its own."""
    with (
        log.open("wb") as errors,
        served(settings.data_dir, 1, errors) as (_, address),
        httpx.Client(base_url=address, headers=ADMIN, timeout=60) as client,
    ):
        yield Service(client, settings)


@pytest.mark.parametrize(
    "chain",
    [
        pytest.param(
            number,
            marks=pytest.mark.fault(
                "SIGKILL at random moments of nights on changing data, up to four in a row",
                "after each the API answers from a whole snapshot; the next night is published, and equal",
            ),
        )
        for number in CHAINS
    ],
)
@pytest.mark.timeout(4 * 3600)
def test_kills_at_random_moments(
    evening: School, night: Night, tmp_path: Path, record_property: Tell, chain: int
) -> None:
    """A moment that no test of the steps thought of, after which figures stay wrong for good."""
    chance, settings, as_of = random.Random(chain), evening.settings, evening.as_of  # noqa: S311
    killed, compared, longest = 0, 0, 8.0
    with service(settings, tmp_path / "log") as asked:
        while killed < KILLS:
            for _ in range(chance.randint(1, IN_A_ROW)):
                killed += kill_at(evening, as_of, chance.random() * longest)
                assert_whole(settings)
                asked.check()
            run = night(evening.source_url, settings.data_dir, as_of=as_of)
            assert run.state is RunState.PUBLISHED, run.error
            longest = sum(step.seconds or 0 for step in run.steps) + 1
            asked.follow()
            if killed >= KILLS or chance.random() < 0.5:
                assert_equals_scratch(evening, night, tmp_path / "scratch", as_of)
                compared += 1
            as_of += timedelta(days=1)
            append_day(evening.source_url, seed=chain, as_of=as_of, departures=chance.random() < 0.3)
    died_in = Counter(run.error.step for run in read_runs(settings.runs_dir) if run.error)
    assert all(run.state is not RunState.RUNNING for run in read_runs(settings.runs_dir))
    told = ", ".join(f"{number} in {step}" for step, number in died_in.items())
    record_property(SEEN, f"{killed} kills: {told}; {compared} times compared with scratch")


def kill_at(school: School, as_of: datetime, seconds: float) -> bool:
    """SIGKILL a night so many seconds after its record appeared. False when it was done by then."""
    known = set(school.settings.runs_dir.glob("*.json"))
    process = nightly.start(environment(school), "--as-of", as_of.isoformat())
    try:
        deadline = time.monotonic() + PATIENCE
        while not set(school.settings.runs_dir.glob("*.json")) - known:
            assert process.is_alive(), "the night ended before it began"
            assert time.monotonic() < deadline
            time.sleep(0.002)
        process.join(seconds)
        is_running = process.exitcode is None
        assert is_running or process.exitcode == 0
    finally:
        process.kill()
        process.join()
    return is_running


def assert_equals_scratch(school: School, night: Night, folder: Path, as_of: datetime) -> None:
    """What is published equals a first build of the same source."""
    run = night(school.source_url, folder, as_of=as_of)
    assert run.state is RunState.PUBLISHED, run.error
    assert_equal(school.settings, settings_of(school.source_url, folder))
    shutil.rmtree(folder)
