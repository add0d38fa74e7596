"""Factories shared by all suites: a real PostgreSQL, databases on it, and published nights."""

from __future__ import annotations

import gc
import importlib
import json
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from filelock import FileLock

from api.runs import RunRecord, RunState
from demo.generate import generate
from demo.server import apply_schema, create_database, embedded_postgres
from ingest.progress import Silent
from pipeline.settings import Settings
from pipeline.snapshots import current_folder
from tests.tracing import rest_in_libraries

MakeDatabase = Callable[..., str]
JWT_SECRET = "a secret for tests that is long enough"
SCHOOL_AS_OF = datetime(2026, 11, 20, 1, 30, tzinfo=UTC)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that need nights come first, and those with many tests: what is long must not begin last."""
    tests = Counter(item.path for item in items)
    with_nights = {item.path for item in items if {"night", "story"} & set(getattr(item, "fixturenames", ()))}
    items.sort(key=lambda item: (item.path not in with_nights, -tests[item.path]))


def pytest_collection_finish() -> None:
    """What the tests need is imported now, and stays: nobody need look through it for garbage again.

    By Python's own thresholds an eighth of a night's time went into looking.
    """
    for needs_sqlmesh in ("pipeline.build", "pipeline.publish"):  # nights import them where they use them
        importlib.import_module(needs_sqlmesh)
    rest_in_libraries()
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


@pytest.fixture(scope="session")
def worker() -> str:
    """Name of this test process; workers share one PostgreSQL, each with databases of its own."""
    return os.environ.get("PYTEST_XDIST_WORKER", "gw")


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that the workers of one test run share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session")
def postgres_server(shared: Path) -> Iterator[str]:
    """Superuser URL of a PostgreSQL that the workers of one test run share."""
    with embedded_postgres(shared / "postgres") as url:
        yield url


@pytest.fixture(scope="session")
def make_database(postgres_server: str, worker: str) -> MakeDatabase:
    """Return `make(*, smallest=False, template=None) -> url`: a new database with the operational schema.

    It has no rows, or those of the database at the URL `template`, which nobody may be connected to.
    """
    numbers = count()
    templates: dict[bool, str] = {}

    def empty(smallest: bool) -> str:
        if smallest not in templates:
            name = f"{worker}_template_{'smallest' if smallest else 'whole'}"
            apply_schema(create_database(postgres_server, name), smallest=smallest)
            templates[smallest] = name
        return templates[smallest]

    def make(*, smallest: bool = False, template: str | None = None) -> str:
        original = urlsplit(template).path.lstrip("/") if template else empty(smallest)
        return create_database(postgres_server, f"{worker}_school_{next(numbers)}", template=original)

    return make


@dataclass(frozen=True)
class School:
    """A generated source and the data directory that nights publish into.

    `pristine` is a database with the same rows that nobody uses: copies are made from it.
    """

    source_url: str
    settings: Settings
    as_of: datetime

    pristine: str = ""

    @property
    def snapshot(self) -> Path:
        """Folder of the current snapshot."""
        return current_folder(self.settings.snapshots_dir)


Night = Callable[..., RunRecord]


@pytest.fixture(scope="session")
def night() -> Night:
    """Return `play_night`."""
    return play_night


def play_night(
    source_url: str,
    data_dir: Path,
    *,
    as_of: datetime | None = None,
    allow_truncation: bool = False,
    **more: object,
) -> RunRecord:
    """The real nightly run, in this process; a failed one is returned, not raised."""
    # SQLMesh takes seconds to import: only the suites that play nights pay for it.
    from pipeline.run import Options, execute
    from pipeline.steps import NIGHTLY

    rest_in_libraries()
    settings = settings_of(source_url, data_dir, **more)
    return execute(settings, "nightly", NIGHTLY, Options(as_of, allow_truncation), Silent())


@pytest.fixture(scope="session")
def school(make_database: MakeDatabase, night: Night, shared: Path) -> School:
    """About 60 learners and 12,000 events, always the same, published. Only for tests that change nothing.

    The first worker that needs it makes it for all.
    """
    data_dir = shared / "school"
    source_url, pristine = made_once(data_dir, lambda: _publish_school(make_database, night, data_dir))
    return School(source_url, settings_of(source_url, data_dir), SCHOOL_AS_OF, pristine)


def made_once(data_dir: Path, make: Callable[[], Sequence[str]]) -> Sequence[str]:
    """What `make` returned to the first of the workers that asked for this data directory."""
    kept = data_dir.with_suffix(".json")
    with FileLock(data_dir.with_suffix(".lock")):
        if not kept.exists():
            kept.write_text(json.dumps(make()))
    found: Sequence[str] = json.loads(kept.read_text())
    return found


def _publish_school(make_database: MakeDatabase, night: Night, data_dir: Path) -> tuple[str, str]:
    pristine = make_database()
    generate(pristine, learners=60, events=12_000, days=120, seed=7, as_of=SCHOOL_AS_OF)
    source_url = make_database(template=pristine)
    run = night(source_url, data_dir, as_of=SCHOOL_AS_OF)
    assert run.state is RunState.PUBLISHED, run.error
    return source_url, pristine


@pytest.fixture
def own_school(school: School, make_database: MakeDatabase, tmp_path: Path) -> School:
    """A copy of the school, source and data directory, that a test may spoil."""
    source_url = make_database(template=school.pristine)
    data_dir = tmp_path / "data"
    shutil.copytree(school.settings.data_dir, data_dir, symlinks=True)
    return School(source_url, settings_of(source_url, data_dir), SCHOOL_AS_OF, school.pristine)


def read_apart(school: School, folder: Path) -> School:
    """A copy of the data directory: who reads the warehouse locks it, and so do tests in other processes."""
    data_dir = folder / "data"
    shutil.copytree(school.settings.data_dir, data_dir, symlinks=True)
    return replace(school, settings=settings_of(school.source_url, data_dir))


def settings_of(source_url: str, data_dir: Path, **more: object) -> Settings:
    """Settings of a test; what is given here wins over everything else."""
    given = {"data_dir": data_dir, "source_url": source_url, "jwt_secret": JWT_SECRET, "memory_limit": "1GB"}
    return Settings.model_validate(given | more)
