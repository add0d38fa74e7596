"""The comparison can fail, and leaves nothing out: a check that cannot fail is worthless."""

import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from .compare import differences, equal, report
from .metrics import COMPARISONS, METRICS, Metric
from .nights import Night

pytestmark = pytest.mark.timeout(900)  # whichever test comes first waits for the nights to be built

CONTRACT = Path(__file__).with_name("metrics.md")
# Compared under another name, or a key without a public id.
NOT_A_MEASURE = {
    ("fct_quiz_attempt", "attempt_key"),
    ("lesson_popularity", "learners_last_seen"),  # lesson_popularity_window.learners of schools
    ("lesson_popularity", "learners_last_seen_utc"),  # ... and of the platform
    ("course_completion", "progress_sum"),  # course_completion_window.average_completion
    ("course_completion", "learners_last_updated"),
    ("course_completion", "learners_last_updated_utc"),
}


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
