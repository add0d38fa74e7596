"""A school whose people can be recognised in any byte, before and after two of them are erased."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from api.runs import RunRecord, RunState
from demo.generate import generate
from ingest.progress import Silent
from pipeline.settings import Settings
from tests.conftest import MakeDatabase, settings_of

AS_OF = datetime(2026, 3, 10, 1, 30, tzinfo=UTC)
ROOT = Path(__file__).parents[2]
PROJECT_PARTS = ("models", "seeds", "macros", "audits", "external_models")
PROJECT_FILES = ("external_models.yaml", "config.yaml")
REQUEST_ID = UUID("7f3a0000-0000-4000-8000-00000000e4a5")

_MARK = """
UPDATE users SET username = %(mark)s || '-username', email = %(mark)s || '@example.org',
    first_name = %(mark)s || '-first', last_name = %(mark)s || '-last', is_active = true
WHERE id = %(id)s
"""
_BUSY = """
SELECT users.id FROM users JOIN analytics ON analytics.user_id = users.id
WHERE users.role = 'STUDENT' AND users.school_id IS NOT NULL
GROUP BY users.id ORDER BY count(*) DESC, users.id LIMIT 3
"""


@dataclass(frozen=True)
class Person:
    """A user whose personal texts all begin with `mark`."""

    id: UUID
    mark: str

    @property
    def markers(self) -> tuple[str, ...]:
        """What gives the person away in any file."""
        texts = ("-username", "@example.org", "-first", "-last")
        return (str(self.id), *(self.mark + text for text in texts))


@dataclass(frozen=True)
class People:
    """leaver: the row vanishes from users; asker: an erasure request is completed; kept: stays."""

    leaver: Person
    asker: Person
    kept: Person


@dataclass(frozen=True)
class Story:
    """Copies of one data directory: published, with the next batch ingested, and after the erasure."""

    source_url: str
    people: People
    project: Path
    before: Path
    ingested: Path
    after: Path

    def settings(self, data_dir: Path) -> Settings:
        """Settings for one of the copies."""
        return settings_of(self.source_url, data_dir)


Play = Callable[..., RunRecord]


@pytest.fixture(scope="session")
def story(make_database: MakeDatabase, tmp_path_factory: pytest.TempPathFactory) -> Story:
    """Night one, then two people leave at the source, then night two; all files written uncompressed."""
    folder = tmp_path_factory.mktemp("erasure")
    url, project = make_database(), uncompressed_project(folder / "project")
    generate(url, learners=20, events=2_000, days=40, seed=11, as_of=AS_OF)
    people = _mark_people(url)
    made = Story(url, people, project, folder / "before", folder / "ingested", folder / "after")
    settings = made.settings(folder / "data")
    play(settings, project)
    shutil.copytree(settings.data_dir, made.before, symlinks=True)
    _leave(url, people)
    play(settings, project, names=("ingest",))
    shutil.copytree(settings.data_dir, made.ingested, symlinks=True)
    play(settings, project, names=("erase", "build", "publish", "purge"))
    settings.data_dir.rename(made.after)
    return made


def play(settings: Settings, project: Path, names: tuple[str, ...] | None = None) -> RunRecord:
    """Run the night, or some of its steps, in this process; fails the test when the run fails."""
    from pipeline.run import Options, execute
    from pipeline.steps import NIGHTLY

    steps = tuple(step for step in NIGHTLY if names is None or step.name in names)
    run = execute(settings, "nightly", steps, Options(AS_OF, project=project), Silent())
    assert run.state is not RunState.FAILED, run.error
    return run


def uncompressed_project(folder: Path) -> Path:
    """The project with DuckDB writing plain bytes: compression would hide what is left."""
    folder.mkdir()
    for name in PROJECT_PARTS:
        shutil.copytree(ROOT / name, folder / name)
    for name in PROJECT_FILES:
        shutil.copy(ROOT / name, folder / name)
    config = folder / "config.yaml"
    text = config.read_text()
    plain = text.replace(
        "connector_config:\n", "connector_config:\n        force_compression: uncompressed\n", 1
    )
    assert plain != text
    config.write_text(plain)
    return folder


def hits(folder: Path, markers: tuple[str, ...]) -> dict[str, int]:
    """Files under a folder that hold one of the texts, in any case of letters, and how often."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            content = path.read_bytes().lower()
            count = sum(content.count(marker.lower().encode()) for marker in markers)
            if count:
                found[str(path.relative_to(folder))] = count
    return found


@pytest.fixture
def copy_of(tmp_path: Path) -> Callable[[Path], Path]:
    """Return `copy(folder) -> Path`: a copy of a data directory to spoil."""

    def copy(folder: Path) -> Path:
        return Path(shutil.copytree(folder, tmp_path / f"copy-of-{folder.name}", symlinks=True))

    return copy


def _mark_people(url: str) -> People:
    with psycopg.connect(url) as connection:
        ids = [row[0] for row in connection.execute(_BUSY).fetchall()]
        people = [Person(user_id, f"zzmarker{name}") for user_id, name in zip(ids, "abc", strict=True)]
        for person in people:
            connection.execute(_MARK, {"mark": person.mark, "id": person.id})
    return People(*people)


def _leave(url: str, people: People) -> None:
    """The leaver's events stay at the source, as orphans; the asker's account stays as it is."""
    with psycopg.connect(url) as connection:
        connection.execute("SET session_replication_role = replica")
        for table in ("user_progress", "quiz_attempts", "consents", "leaderboard"):
            connection.execute(f"DELETE FROM {table} WHERE user_id = %s", [people.leaver.id])
        connection.execute("DELETE FROM class_enrollments WHERE student_id = %s", [people.leaver.id])
        connection.execute("DELETE FROM users WHERE id = %s", [people.leaver.id])
        connection.execute(
            "INSERT INTO data_subject_requests (id, user_id, kind, status, received_at, completed_at) "
            "VALUES (%s, %s, 'erasure', 'completed', %s, %s)",
            [REQUEST_ID, people.asker.id, datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 9, tzinfo=UTC)],
        )
