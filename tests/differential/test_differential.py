"""Every metric of metrics.md in every mart, and every field of every analytics endpoint, against plain SQL.

One file, because the published nights are dear: test workers share out whole files.
"""

import re
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from .api_cases import ENDPOINTS, ROLES, Caller, spread
from .asking import Source
from .compare import differences, equal, json_differences, leaves, plain, report
from .happening import realtime_differences
from .metrics import COMPARISONS, METRICS, Comparison, Metric
from .nights import Night

pytestmark = pytest.mark.no_cover  # what is compared here was measured elsewhere

NIGHTS = ("generated", "dst-hour", "january-end", "leap-night")
CONTRACT = Path(__file__).resolve().parents[2] / "docs" / "metrics.md"
# Compared under another name, or a key without a public id.
NOT_A_MEASURE = {
    ("fct_quiz_attempt", "attempt_key"),
    ("lesson_popularity", "learners_last_seen"),  # lesson_popularity_window.learners of schools
    ("lesson_popularity", "learners_last_seen_utc"),  # platform_lesson_popularity.learners_last_seen
    ("course_completion", "learners_last_updated"),  # course_completion_window.learners
    ("course_completion", "learners_last_updated_utc"),
}
SOURCES = ("generated", "leap-night")
ASKED = [(endpoint, role) for endpoint, (roles, _) in ENDPOINTS.items() for role in roles]
LEAST_COMPARISONS = 300
Asked = Callable[[str], Source]


@pytest.mark.parametrize("label", NIGHTS)
@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.id)
def test_mart_equals_plain_sql(metric: Metric, label: str, night: Callable[[str], Night]) -> None:
    """A model that is subtly wrong still builds and passes its audits; an independent sum tells."""
    observed = night(label)
    found = differences(
        observed.snapshot.rows(metric.comparison.name),
        observed.expected[metric.comparison.name],
        metric.comparison.keys,
        metric.value,
    )
    assert not found, report(found)


@pytest.mark.parametrize("comparison", COMPARISONS, ids=lambda comparison: comparison.name)
def test_reference_has_rows(comparison: Comparison, night: Callable[[str], Night]) -> None:
    """Two empty sides agree about everything. On the first night no request has been received yet."""
    compared = [label for label in NIGHTS if night(label).expected[comparison.name]]
    assert len(compared) >= len(NIGHTS) - 1


@pytest.mark.parametrize("label", NIGHTS)
def test_attempts_are_told_apart_by_their_keys(label: str, night: Callable[[str], Night]) -> None:
    """Attempts have no public id: if these keys rarely told them apart, swapped scores went unseen."""
    rows = night(label).expected["fct_quiz_attempt"]
    keys = Counter((row["user_id"], row["quiz_id"], row["started_at"], row["completed_at"]) for row in rows)
    assert sum(1 for times in keys.values() if times == 1) > 0.8 * len(keys)


@pytest.mark.parametrize("label", SOURCES)
@pytest.mark.parametrize(("endpoint", "role"), ASKED, ids=lambda value: value.replace(" ", "-"))
def test_answers_equal_plain_sql(endpoint: str, role: str, label: str, asked: Asked) -> None:
    """An endpoint that joins or scopes wrongly still answers 200; only an independent calculation tells."""
    source = asked(label)
    cases = list(ENDPOINTS[endpoint][1](source.population, role))
    found = [f"{case}\n    {difference}" for case in cases for difference in source.differences(case)]
    assert cases
    assert not found, report(found)


@pytest.mark.parametrize("label", SOURCES)
@pytest.mark.parametrize(
    "asked_for", [{}, {"role": "teacher"}, {"role": "STUDENT"}, {"search": "s"}, {"search": "%"}]
)
@pytest.mark.parametrize("role", ["platform admin", "admin"])
def test_users_equal_plain_sql(role: str, asked_for: dict[str, str], label: str, asked: Asked) -> None:
    """Pages that overlap or skip look fine one by one, so all of them are read and joined."""
    source = asked(label)
    for caller in source.population.callers(role):
        source.as_caller(caller)
        expected = source.reference.rows("api_users", **({"role": None, "search": None} | asked_for))
        found = json_differences(_all_pages(source, caller, "/users/", asked_for), _as_json(expected))
        assert not found, report(found)


@pytest.mark.parametrize("label", SOURCES)
@pytest.mark.parametrize("role", ["platform admin", "admin", "teacher", "student"])
def test_one_user_equals_plain_sql(role: str, label: str, asked: Asked) -> None:
    source = asked(label)
    for caller in source.population.callers(role):
        source.as_caller(caller)
        rows = source.reference.rows("api_users", role=None, search=None)
        seen = [row for row in rows if row["role"] != "STUDENT"] + spread(rows, 10)
        for row in (
            seen if role.endswith("admin") else [row for row in rows if str(row["id"]) == caller.user_id]
        ):
            stats = source.reference.row("api_user_stats", user_id=row["id"])
            answer = source.api.get(f"/users/{row['id']}", caller.claims)["data"]
            found = json_differences(answer, _as_json(row | stats))
            assert not found, report(found)


@pytest.mark.parametrize("label", SOURCES)
def test_a_class_has_as_many_learners_as_it_lists(label: str, asked: Asked) -> None:
    """A teacher who is enrolled to try a class out is no learner: the list counted one too many."""
    source = asked(label)
    (caller,) = source.population.callers("platform admin")
    classes = source.api.get("/classes/", caller.claims)["data"]
    for school_class in classes:
        listed = source.api.get(f"/classes/{school_class['class_id']}/learners", caller.claims)["data"]
        assert school_class["learners"] == len(listed), school_class["name"]
    assert any(school_class["learners"] for school_class in classes)


@pytest.mark.parametrize("label", SOURCES)
@pytest.mark.parametrize("asked_for", [{}, {"search": "o"}])
@pytest.mark.parametrize("role", ["platform admin", "admin", "teacher"])
def test_schools_equal_plain_sql(role: str, asked_for: dict[str, str], label: str, asked: Asked) -> None:
    source = asked(label)
    for caller in source.population.callers(role):
        source.as_caller(caller)
        rows = source.reference.rows("api_schools", **({"search": None} | asked_for))
        found = json_differences(_all_pages(source, caller, "/schools/", asked_for), _as_json(rows))
        for row in rows:
            stats = source.reference.row("api_school_stats", school_id=str(row["id"]))
            answer = source.api.get(f"/schools/{row['id']}", caller.claims)["data"]
            found += json_differences(answer, _as_json(row | stats))
        assert not found, report(found)


@pytest.mark.parametrize("label", SOURCES)
def test_at_least_three_hundred_comparisons_are_made(label: str, asked: Asked) -> None:
    """Requests and single values, for every role: a loop over nothing would pass too."""
    source = asked(label)
    for roles, cases in ENDPOINTS.values():
        for role in roles:
            assert len(list(cases(source.population, role))) >= 1, role
    requests = [
        case
        for roles, cases in ENDPOINTS.values()
        for role in roles
        for case in cases(source.population, role)
    ]
    assert len(requests) >= LEAST_COMPARISONS
    assert {role for roles, _ in ENDPOINTS.values() for role in roles} == set(ROLES)
    assert sum(leaves(source.expected(case)) for case in spread(requests, 50)) > LEAST_COMPARISONS


def _all_pages(source: Source, caller: Caller, path: str, asked_for: dict[str, str]) -> list[Any]:
    rows: list[Any] = []
    while True:
        body = source.api.get(path, caller.claims, asked_for | {"limit": 7, "offset": len(rows)})
        rows += body["data"]
        if len(body["data"]) < 7:
            assert body["page"]["total"] == len(rows)
            return rows


def _as_json(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _as_json(part) for name, part in value.items()}
    return [_as_json(part) for part in value] if isinstance(value, list) else plain(value)


@pytest.mark.parametrize("role", ROLES)
def test_realtime_equals_plain_sql(role: str, happening: Source) -> None:
    """A follower that loses, doubles or misplaces events is wrong only while somebody looks."""
    for caller in happening.population.callers(role):
        found = realtime_differences(happening, caller)
        assert not found, f"{caller}: {report(found)}"


@pytest.mark.parametrize("role", ROLES)
def test_small_groups_are_left_out_and_nothing_else(role: str, discreet: Source) -> None:
    """What a student may see of the school is exact or missing, never rounded; staff miss nothing."""
    cases = list(ENDPOINTS["overview"][1](discreet.population, role))
    found = [f"{case}\n    {difference}" for case in cases for difference in discreet.differences(case)]
    assert not found, report(found)


def test_every_definition_of_metrics_md_is_compared() -> None:
    """A metric that nobody compares may be wrong for years."""
    covered = {name for metric in METRICS for name in metric.covers}
    assert set(defined_names()) <= covered


def test_at_least_sixty_metrics_are_compared() -> None:
    assert len({metric.id for metric in METRICS}) == len(METRICS) >= 60


def defined_names() -> list[str]:
    """Names in metrics.md before "Compliance": of the tables, and terms in asterisks or backticks."""
    text = CONTRACT.read_text(encoding="utf-8").split("## Compliance")[0]
    rows = re.findall(r"^\| ([^|]+?) \|", text, flags=re.MULTILINE)
    terms = re.findall(r"\*([^*\n]+)\*", text.split("## Engagement")[0])
    boards = text.split("## Leaderboards")[1]
    measures = re.findall(r"`(\w+)`:", boards) + re.findall(r"^- (\w[\w ]+):", boards, flags=re.MULTILINE)
    return [name for name in rows + terms + measures if name != "metric"]


def test_every_published_column_is_compared(night: Callable[[str], Night]) -> None:
    """A column that somebody adds to a mart needs a reference too."""
    compared = {(c.table, name) for c in COMPARISONS for name in (*c.keys, *c.values)}
    missing = [
        (table, column)
        for table, column in _published_columns(night("leap-night"))
        if not {(table, column), (table, re.sub("_key$", "_id", column))} & (compared | NOT_A_MEASURE)
    ]
    assert missing == []


def _published_columns(observed: Night) -> list[tuple[str, str]]:
    with duckdb.connect(str(observed.snapshot.folder / "marts.duckdb"), read_only=True) as marts:
        return marts.execute(
            "SELECT table_name, column_name FROM duckdb_columns() WHERE NOT internal"
            " AND NOT starts_with(table_name, 'compliance_') AND table_name <> 'processing_register'"
        ).fetchall()


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.id)
def test_one_wrong_value_is_found(metric: Metric, night: Callable[[str], Night]) -> None:
    """The comparison of this very metric would notice one changed, one missing and one doubled row."""
    rows = night("leap-night").expected[metric.comparison.name]
    keys, value = metric.comparison.keys, metric.value
    assert differences(rows, rows, keys, value) == []
    changed = [{**rows[0], value: _something_else(rows[0][value])}, *rows[1:]]
    assert len(differences(changed, rows, keys, value)) == 1
    assert len(differences(rows[1:], rows, keys, value)) == 1
    assert len(differences([*rows, rows[-1]], rows, keys, value)) == 1


def _something_else(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    if isinstance(value, Decimal):
        return value + Decimal("0.00001")
    if isinstance(value, date | datetime):
        return value + timedelta(days=1)
    return "something else"


@pytest.mark.parametrize(
    ("mart", "damage", "damaged"),
    [
        ("engagement_daily", "UPDATE {} SET mau = mau + 1", "mau"),
        ("leaderboard", "UPDATE {} SET rank = rank + 1", "rank"),
        ("fct_user_day", "DELETE FROM {}", "xp"),
        ("school_overview", "UPDATE {} SET students_active = students_active + 1", "students_active"),
        ("learner_course_mastery", "UPDATE {} SET mastery = coalesce(mastery, 0) + 0.000001", "mastery"),
        ("dim_user", "UPDATE {} SET school_key = school_key + 1", "school_id"),
    ],
)
def test_a_corrupted_snapshot_is_found(
    mart: str, damage: str, damaged: str, night: Callable[[str], Night], tmp_path: Path
) -> None:
    """The rows really come out of the published file: one damaged row in a copy is reported with its key."""
    observed = night("leap-night")
    shutil.copytree(observed.snapshot.folder, tmp_path / "damaged")
    (tmp_path / "damaged" / "marts.duckdb").chmod(0o600)
    with duckdb.connect(str(tmp_path / "damaged" / "marts.duckdb")) as marts:
        marts.execute(damage.format(mart) + " WHERE rowid = 0")
    copy = replace(observed.snapshot, folder=tmp_path / "damaged")
    (comparison,) = (comparison for comparison in COMPARISONS if comparison.name == mart)
    assert not differences(observed.snapshot.rows(mart), observed.expected[mart], comparison.keys, damaged)
    found = differences(copy.rows(mart), observed.expected[mart], comparison.keys, damaged)
    assert len(found) == 1
    assert "1 differences" in report(found)
    assert comparison.keys[0] in report(found)


@pytest.mark.parametrize(
    ("ours", "theirs", "same"),
    [
        (1, 1, True),
        (1, Decimal(1), True),
        (Decimal("66.67"), Decimal("66.66"), False),
        (0.1 + 0.2, 0.3, True),
        (0.3, 0.3 + 1e-7, False),
        (None, 0, False),
        (None, None, True),
        (float("nan"), 0.5, False),
        ("a", "b", False),
    ],
)
def test_equality_is_exact_except_for_the_last_digits_of_rates(ours: Any, theirs: Any, same: bool) -> None:
    assert equal(ours, theirs) is same
