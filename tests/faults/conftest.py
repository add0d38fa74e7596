"""A school on the evening before a bad night, and the record of what every fault led to."""

from __future__ import annotations

import json
import shutil
from collections import defaultdict
from datetime import timedelta
from pathlib import Path

import pytest
from filelock import FileLock

from api.runs import RunState
from demo.day import append_day
from tests.conftest import SCHOOL_AS_OF, MakeDatabase, Night, School, settings_of
from tests.faults import record

SHORT_CASES = 1
PLAYS_NIGHTS = {"evening", "erased"}
TOMORROW = SCHOOL_AS_OF + timedelta(days=1)


@pytest.fixture(scope="session")
def tomorrow(school: School, make_database: MakeDatabase, night: Night, shared: Path) -> School:
    """The school one day on, built from scratch: what every night must come to. Only for reading."""
    data_dir, urls = shared / "tomorrow", shared / "tomorrow.json"
    with FileLock(shared / "tomorrow.lock"):
        if not urls.exists():
            pristine = make_database(template=school.pristine)
            append_day(pristine, seed=1, as_of=TOMORROW)
            source_url = make_database(template=pristine)
            run = night(source_url, data_dir, as_of=TOMORROW)
            assert run.state is RunState.PUBLISHED, run.error
            urls.write_text(json.dumps([source_url, pristine]))
    source_url, pristine = json.loads(urls.read_text())
    return School(source_url, settings_of(source_url, data_dir), TOMORROW, pristine)


@pytest.fixture
def evening(school: School, tomorrow: School, make_database: MakeDatabase, tmp_path: Path) -> School:
    """A data directory as the last night left it, and a source that has gone on for a day; to be spoilt."""
    source_url = make_database(template=tomorrow.pristine)
    data_dir = tmp_path / "data"
    shutil.copytree(school.settings.data_dir, data_dir, symlinks=True)
    return School(source_url, settings_of(source_url, data_dir), TOMORROW, tomorrow.pristine)


@pytest.fixture(scope="session")
def night_of_an_erasure(school: School, tomorrow: School, night: Night, shared: Path) -> Path:
    """The data directory after the night of tomorrow, which erased somebody. Only for reading."""
    data_dir = shared / "erased"
    with FileLock(shared / "erased.lock"):
        if not data_dir.exists():
            made = shutil.copytree(school.settings.data_dir, shared / "erasing", symlinks=True)
            run = night(tomorrow.source_url, made, as_of=TOMORROW)
            assert run.state is RunState.PUBLISHED, run.error
            assert list((made / "receipts").glob("*.json"))
            made.rename(data_dir)
    return data_dir


@pytest.fixture
def erased(night_of_an_erasure: Path, tomorrow: School, tmp_path: Path) -> School:
    """The school after a night that erased somebody; to be spoilt, the source only to be read."""
    data_dir = shutil.copytree(night_of_an_erasure, tmp_path / "erased", symlinks=True)
    return School(tomorrow.source_url, settings_of(tomorrow.source_url, data_dir), TOMORROW)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What a test is about goes where the record finds it; the short form leaves out most long cases."""
    for item in items:
        for marker in item.iter_markers("fault"):
            item.user_properties.append((record.FAULT, list(marker.args)))
    if not record.IS_FULL:
        left_out = _left_out(items)
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def _left_out(items: list[pytest.Item]) -> list[pytest.Item]:
    """All but SHORT_CASES of every test that plays nights on a school of its own."""
    cases: dict[str, list[pytest.Item]] = defaultdict(list)
    for item in items:
        if item.get_closest_marker("fault") and PLAYS_NIGHTS.intersection(getattr(item, "fixturenames", ())):
            cases[item.nodeid.partition("[")[0]].append(item)
    kept = {item for found in cases.values() for item in found[:: -(-len(found) // SHORT_CASES)]}
    return [item for found in cases.values() for item in found if item not in kept]


def pytest_configure(config: pytest.Config) -> None:
    """Workers report to the one process that writes the record."""
    if record.IS_FULL and not hasattr(config, "workerinput"):
        config.pluginmanager.register(record.Recorder())
