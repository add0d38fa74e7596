"""What can a student, with every public export in hand, work out about fewer than k people?"""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any
from uuid import UUID

import duckdb
import httpx
import pytest

from api.schemas.analytics import Assignments, Overview, RealtimeFigures
from api.suppression import Guarded, guard_overview, guard_realtime, is_small
from pipeline.public import ClassGroup, export_public, public_classes, public_weeks
from tests.api.serving import BASE, bearer, client_of, settings_for
from tests.conftest import School

K = 5
SIZES = {
    "progress_users": 30,
    "attempt_users": 30,
    "completing_users": 30,
    "incomplete_users": 0,
    "enrolled_users": 30,
    "attending_users": 30,
    "absent_users": 0,
}


def _overview(total: int, active: int) -> Overview:
    return Overview(total, active, 2, 50.0, 60.0, Assignments(3, 90, 80), active / total, 0.9)


@pytest.mark.parametrize(
    ("part", "whole", "small"),
    [
        (0, 20, False),
        (1, 20, True),
        (4, 20, True),
        (5, 20, False),
        (16, 20, True),
        (19, 20, True),
        (20, 20, False),
    ],
)
def test_the_rest_of_a_group_counts_as_a_group(part: int, whole: int, small: bool) -> None:
    """Guards against 19 active of 20 enrolled: that is a statement about exactly one."""
    assert is_small(part, K, whole) is small


@pytest.mark.parametrize(
    ("total", "active", "sizes", "withheld"),
    [
        (30, 20, {}, set()),
        (30, 30, {}, set()),
        (30, 27, {}, {"students_active", "engagement_rate"}),
        (4, 4, {}, {"students_total", "students_active", "engagement_rate"}),
        (30, 20, {"progress_users": 4}, {"average_completion"}),
        (30, 20, {"absent_users": 1}, {"attendance_rate"}),
        (30, 20, {"incomplete_users": 2}, {"assignments.attempts_completed"}),
        (
            30,
            20,
            {"attempt_users": 3, "completing_users": 3},
            {"average_quiz_score", "assignments.attempts_total", "assignments.attempts_completed"},
        ),
    ],
)
def test_overview_withholds_by_group(
    total: int, active: int, sizes: dict[str, int], withheld: set[str]
) -> None:
    """Guards against a rate that says what its withheld count does not."""
    answer = guard_overview(_overview(total, active), SIZES | sizes, K)
    assert set(answer.withheld if isinstance(answer, Guarded) else ()) == withheld
    shown: Any = answer.data if isinstance(answer, Guarded) else answer
    for name in withheld:
        owner = shown.assignments if name.startswith("assignments.") else shown
        assert getattr(owner, name.split(".")[-1]) is None


@pytest.mark.parametrize(
    ("active", "accounts", "shown"), [(0, 30, False), (4, 30, False), (5, 30, True), (27, 30, False)]
)
def test_realtime_shows_no_feed_of_a_few(active: int, accounts: int, shown: bool) -> None:
    """Guards against a feed of names that stands in for the withheld count."""
    now = RealtimeFigures(active, 40, [], observed_at=None, lag_seconds=0)  # type: ignore[arg-type]
    answer = guard_realtime(now, accounts, K)
    assert isinstance(answer, RealtimeFigures) is shown


@pytest.mark.parametrize("seed", range(30))
def test_no_difference_of_published_classes_is_small(seed: int) -> None:
    """Guards against subtraction: class minus class, and school minus all its classes."""
    chance = random.Random(seed)  # noqa: S311
    learners = frozenset(range(40))
    groups = [
        ClassGroup(
            f"class {number}", "course", frozenset(chance.sample(range(42), chance.randint(1, 30))), 30, 50.0
        )
        for number in range(8)
    ]
    groups.sort(key=lambda group: -len(group.members))
    rows = public_classes(groups, learners, K)
    shown = [group for group, row in zip(groups, rows, strict=True) if row.learners is not None]
    assert all(row.withheld for row in rows if row.learners is None)
    assert all(len(group.members) >= K for group in shown)
    for one, other in combinations(shown, 2):
        if one.members & other.members:
            assert not is_small(len(one.members - other.members), K)
            assert not is_small(len(other.members - one.members), K)
    if shown:
        assert not is_small(len(learners - frozenset().union(*(group.members for group in shown))), K)


def test_this_week_minus_the_last_is_not_small() -> None:
    """Guards against the newcomer who shows as one more than last week."""
    monday = date(2026, 1, 5)
    counts = [20, 21, 24, 25, 20, 3, 38, 0, 20]
    weeks = [(monday + timedelta(weeks=number), count, 100) for number, count in enumerate(counts)]
    shown = [week.active_learners for week in public_weeks(weeks, 40, K)]
    assert shown == [20, None, None, 25, 20, None, None, 0, 20]


@pytest.fixture(scope="module")
def client(school: School) -> Iterator[httpx.Client]:
    """A server that withholds, as it does by default."""
    with client_of(settings_for(school.settings.data_dir, small_group=K)) as asked:
        yield asked


def test_an_attacker_derives_no_small_group(school: School, client: httpx.Client, tmp_path: Path) -> None:
    """Guards against what a student and the public may read, added up; the subtractions are done here."""
    withheld = 0
    for code, school_id, pupil in _schools_with_a_pupil(school):
        answer = client.get(f"{BASE}/analytics/overview", headers=bearer("student", school_id, pupil)).json()
        export_public(school.settings, code, tmp_path / code)
        public = json.loads((tmp_path / code / "overview.json").read_text())
        assert public["figures"] == answer["data"]
        assert sorted(public["withheld"]) == sorted(answer["meta"].get("withheld", []))
        for derived in _derived(answer["data"], tmp_path / code):
            assert not 0 < derived < K, (code, derived)
        withheld += len(public["withheld"])
    assert withheld > 0


def test_a_student_reaches_no_other_figures(school: School, client: httpx.Client) -> None:
    """Guards against a new route that answers students and knows nothing of small groups."""
    _, school_id, pupil = next(_schools_with_a_pupil(school))
    headers = bearer("student", school_id, pupil)
    paths = client.get("/openapi.json").json()["paths"]
    plain = [path for path, operations in paths.items() if "get" in operations and "{" not in path]
    allowed = {
        path.removeprefix(BASE) for path in plain if client.get(path, headers=headers).status_code == 200
    }
    own = {"/analytics/weekly_xp", "/analytics/subject_mastery", "/analytics/student-progress", "/me"}
    by_participation, open_to_all = {"/gamification/leaderboard"}, {"/healthz", "/readyz", "/metrics"}
    assert allowed - open_to_all <= own | by_participation | {"/analytics/overview", "/analytics/realtime"}
    assert "/analytics/overview" in allowed


def test_staff_see_exact_figures(school: School, client: httpx.Client) -> None:
    """Guards against hiding from those who may see the persons anyway."""
    for _, school_id, _ in _schools_with_a_pupil(school):
        for role in ("admin", "teacher"):
            answer = client.get(f"{BASE}/analytics/overview", headers=bearer(role, school_id)).json()
            assert "withheld" not in answer["meta"]
            assert answer["data"]["students_total"] is not None


def _schools_with_a_pupil(school: School) -> Iterator[tuple[str, UUID, UUID]]:
    with duckdb.connect() as connection:
        for name in ("marts", "identity"):
            connection.execute(f"ATTACH '{school.snapshot / name}.duckdb' AS {name} (READ_ONLY)")
        yield from connection.execute(
            "SELECT code, school_id::UUID, min(user_id) "
            "FROM marts.dim_school JOIN identity.users USING (school_key) "
            "WHERE role = 'STUDENT' AND school_id IS NOT NULL GROUP BY ALL ORDER BY code"
        ).fetchall()


def _derived(overview: dict[str, Any], folder: Path) -> Iterator[int]:
    """Every count and difference of counts that the published figures give."""
    total, active = overview["students_total"], overview["students_active"]
    counts = [count for count in (total, active) if count is not None]
    if total is not None and overview["engagement_rate"] is not None:
        counts += [
            round(total * overview["engagement_rate"]),
            round(total * (1 - overview["engagement_rate"])),
        ]
    if total is not None and active is not None:
        counts.append(total - active)
    classes = [int(row["learners"]) for row in _csv(folder / "classes.csv") if row["learners"]]
    weeks = [int(row["active_learners"]) for row in _csv(folder / "weeks.csv") if row["active_learners"]]
    counts += classes + weeks + [abs(later - earlier) for earlier, later in pairwise(weeks)]
    if total is not None:
        counts += [total - week for week in weeks]
    yield from counts


def _csv(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))
