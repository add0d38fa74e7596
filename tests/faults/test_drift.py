"""The source's schema changes overnight: a named error and nothing published, or the right figures."""

from __future__ import annotations

import shutil
from pathlib import Path

import psycopg
import pytest

from pipeline.snapshots import current_id
from tests.conftest import MakeDatabase, Night, School, settings_of
from tests.faults.drifts import Drift, drifts
from tests.faults.outcomes import assert_equal, assert_failed, assert_recovers, assert_whole
from tests.faults.record import IS_FULL

DRIFTS = drifts()
REFUSED = [drift for drift in DRIFTS if drift.code]
TOLERATED = [drift for drift in DRIFTS if not drift.code]


def cases(found: list[Drift], every: int) -> list[object]:
    """All of them in the full form, every so many in the short one."""
    return [
        pytest.param(
            drift, id=drift.name.replace(" ", "-"), marks=pytest.mark.fault(drift.name, drift.outcome)
        )
        for drift in (found if IS_FULL else found[::every])
    ]


def test_there_are_fifty() -> None:
    """A pattern that stops matching the schema's script would leave most of them out without a word."""
    assert len(DRIFTS) >= 50
    assert len({drift.name for drift in DRIFTS}) == len(DRIFTS)


@pytest.fixture(scope="module")
def refusing(school: School, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory for nights that are refused before they change anything."""
    folder = tmp_path_factory.mktemp("refusing") / "data"
    return Path(shutil.copytree(school.settings.data_dir, folder, symlinks=True))


@pytest.mark.parametrize("drift", cases(REFUSED, 6))
def test_a_drift_that_is_refused(
    refusing: Path, tomorrow: School, make_database: MakeDatabase, night: Night, drift: Drift
) -> None:
    """A figure that is wrong from this night on, because a column means something else now."""
    settings = settings_of(make_database(template=tomorrow.pristine), refusing)
    before = current_id(settings.snapshots_dir)
    apply(settings.require_source_url(), drift.sql)

    run = night(settings.require_source_url(), refusing, as_of=tomorrow.as_of)

    assert_failed(run, drift.step, str(drift.code), *drift.words)
    assert assert_whole(settings) == before


@pytest.mark.parametrize("drift", cases(TOLERATED, 6))
def test_a_drift_that_is_tolerated(evening: School, tomorrow: School, night: Night, drift: Drift) -> None:
    """A night that fails for something that no figure depends on, or a tolerance that changes one."""
    apply(evening.source_url, drift.sql)
    assert_recovers(evening, night, tomorrow)


@pytest.mark.fault(
    "optional column users.birth_date gone for good, and the operator says --allow-truncation",
    "tolerated: equal to a source without birth dates",
)
def test_a_loss_that_is_allowed(
    evening: School, tomorrow: School, make_database: MakeDatabase, night: Night, tmp_path: Path
) -> None:
    """A refusal that nobody can lift."""
    twin = make_database(template=tomorrow.pristine)
    apply(evening.source_url, "ALTER TABLE users DROP COLUMN birth_date")
    apply(twin, "UPDATE users SET birth_date = NULL")
    for url, folder in ((evening.source_url, evening.settings.data_dir), (twin, tmp_path / "twin")):
        night(url, folder, as_of=evening.as_of, allow_truncation=True)
    assert_equal(evening.settings, settings_of(twin, tmp_path / "twin"))


def apply(url: str, sql: str) -> None:
    """Change the source as its owner."""
    with psycopg.connect(url) as connection:
        for statement in sql.split("COMMIT;"):
            connection.execute(statement.encode())
            connection.commit()
