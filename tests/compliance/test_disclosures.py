"""Who read a learner's record?"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import duckdb
import httpx
import pytest

from api.disclosures import forget_old, subject_of
from tests.api.serving import BASE, bearer, client_of, settings_for
from tests.conftest import School

PROGRESS = f"{BASE}/analytics/student-progress"


@pytest.fixture
def data_dir(school: School, tmp_path: Path) -> Path:
    """A data directory of its own on the school's snapshots."""
    (tmp_path / "snapshots").symlink_to(school.settings.snapshots_dir)
    return tmp_path


@pytest.fixture
def client(data_dir: Path) -> Iterator[httpx.Client]:
    """A server that logs into `data_dir`."""
    with client_of(settings_for(data_dir)) as asked:
        yield asked


@pytest.fixture
def pupil(school: School) -> tuple[UUID, int, UUID]:
    """A learner: id, key, and the id of the school."""
    with duckdb.connect() as connection:
        for name in ("marts", "identity"):
            connection.execute(f"ATTACH '{school.snapshot / name}.duckdb' AS {name} (READ_ONLY)")
        row = connection.execute(
            "SELECT user_id, user_key, school_id::UUID FROM identity.users "
            "JOIN marts.dim_school USING (school_key) WHERE role = 'STUDENT' AND school_id IS NOT NULL "
            "ORDER BY user_key LIMIT 1"
        ).fetchone()
    assert row is not None
    return row


def test_every_reading_by_somebody_else_is_logged(
    client: httpx.Client, data_dir: Path, pupil: tuple[UUID, int, UUID]
) -> None:
    """Guards against the reading that came out of the cache, or as 304, and left no trace."""
    user_id, key, school_id = pupil
    teacher, admin = bearer("teacher", school_id), bearer("admin", school_id)
    asked = {"student_id": str(user_id)}
    first = client.get(PROGRESS, params=asked, headers=teacher)
    again = client.get(PROGRESS, params=asked, headers=teacher)
    known = {**teacher, "If-None-Match": first.headers["ETag"]}
    assert client.get(PROGRESS, params=asked, headers=known).status_code == 304
    assert (first.status_code, again.status_code) == (200, 200)
    assert client.get(f"{BASE}/users/{user_id}", headers=admin).status_code == 200
    assert client.get(f"{BASE}/learners/{user_id}/mastery", headers=teacher).status_code == 200
    # The own record, a refusal, and a list are no disclosures.
    own = bearer("student", school_id, user_id)
    assert client.get(PROGRESS, headers=own).status_code == 200
    assert client.get(PROGRESS, params=asked, headers=bearer("analyst")).status_code == 403
    assert client.get(f"{BASE}/users/", headers=admin).status_code == 200
    answer = client.get(f"{BASE}/compliance/disclosures", headers=admin).json()
    assert answer["page"]["total"] == 5
    rows = answer["data"]
    assert [row["reader_role"] for row in rows] == ["teacher", "admin", "teacher", "teacher", "teacher"]
    assert {row["subject_key"] for row in rows} == {key}
    assert rows[0]["what"] == f"{BASE}/learners/{{user_id}}/mastery"
    [log] = (data_dir / "disclosures").glob("*.jsonl")
    assert str(user_id) not in log.read_text()
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


def test_disclosures_of_other_schools_do_not_exist(
    client: httpx.Client, pupil: tuple[UUID, int, UUID]
) -> None:
    """Guards against an administrator who reads the log of another school."""
    user_id, key, school_id = pupil
    platform, stranger = bearer("admin"), bearer("admin", UUID(int=7))
    assert client.get(f"{BASE}/users/{user_id}", headers=platform).status_code == 200
    path, about = f"{BASE}/compliance/disclosures", {"user_id": str(user_id)}
    assert client.get(path, headers=stranger).json()["page"]["total"] == 0
    assert client.get(path, params=about, headers=stranger).status_code == 404
    for caller in (platform, bearer("admin", school_id)):
        [row] = client.get(path, params=about, headers=caller).json()["data"]
        assert (row["subject_key"], row["reader_role"]) == (key, "admin")
    assert client.get(path, params=about | {"offset": 1}, headers=platform).json()["data"] == []


def test_a_cut_off_line_is_no_entry(
    client: httpx.Client, data_dir: Path, pupil: tuple[UUID, int, UUID]
) -> None:
    """Guards against a crash in the middle of a write that makes the whole log unreadable."""
    assert client.get(f"{BASE}/users/{pupil[0]}", headers=bearer("admin")).status_code == 200
    [log] = (data_dir / "disclosures").glob("*.jsonl")
    log.write_bytes(log.read_bytes() + b'{"occurred_at": "2026-')
    answer = client.get(f"{BASE}/compliance/disclosures", headers=bearer("admin"))
    assert answer.json()["page"]["total"] == 1


def test_what_cannot_be_logged_is_not_shown(
    client: httpx.Client, data_dir: Path, pupil: tuple[UUID, int, UUID]
) -> None:
    """Guards against a full disk or a wrong right: the record would be read and nobody would know."""
    (data_dir / "disclosures").write_text("not a folder")
    answer = client.get(f"{BASE}/users/{pupil[0]}", headers=bearer("admin"))
    assert answer.status_code == 500
    assert str(pupil[0]) not in answer.text
    assert client.get(f"{BASE}/users/", headers=bearer("admin")).status_code == 200


def test_months_beyond_the_limit_go(tmp_path: Path) -> None:
    """Guards against a log that outlives its own retention limit."""
    for month in ("2020-12", "2021-01", "2026-01"):
        (tmp_path / f"{month}.jsonl").write_text("{}\n")
    assert forget_old(tmp_path, 1826, datetime(2026, 1, 15, tzinfo=UTC)) == ["2020-12.jsonl"]
    assert sorted(path.stem for path in tmp_path.iterdir()) == ["2021-01", "2026-01"]


@pytest.mark.parametrize(
    ("path", "query", "is_about_one"),
    [
        (f"{BASE}/users/3f0c7b52-6a0e-4a43-9a55-0d6a3b7a1c11", "", True),
        (f"{BASE}/users/", "", False),
        (f"{BASE}/users/nobody", "", False),
        (PROGRESS, "student_id=3f0c7b52-6a0e-4a43-9a55-0d6a3b7a1c11", True),
        (PROGRESS, "", False),
        (f"{BASE}/analytics/overview", "student_id=3f0c7b52-6a0e-4a43-9a55-0d6a3b7a1c11", False),
    ],
)
def test_which_requests_are_about_one_learner(path: str, query: str, is_about_one: bool) -> None:
    assert (subject_of(path, query) is not None) is is_about_one
