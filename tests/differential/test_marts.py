"""Every measure of every mart against plain SQL on the operational database, all rows."""

from collections import Counter
from collections.abc import Callable

import pytest

from .compare import differences, report
from .metrics import COMPARISONS, METRICS, Comparison, Metric
from .nights import Night

pytestmark = pytest.mark.timeout(900)  # whichever test comes first waits for the nights to be built

NIGHTS = ("generated", "dst-hour", "january-end", "leap-night")


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


@pytest.mark.parametrize("label", NIGHTS)
@pytest.mark.parametrize("comparison", COMPARISONS, ids=lambda comparison: comparison.name)
def test_reference_has_rows(comparison: Comparison, label: str, night: Callable[[str], Night]) -> None:
    """Two empty sides agree about everything."""
    assert night(label).expected[comparison.name]


@pytest.mark.parametrize("label", NIGHTS)
def test_attempts_are_told_apart_by_their_keys(label: str, night: Callable[[str], Night]) -> None:
    """Attempts have no public id: if these keys rarely told them apart, swapped scores went unseen."""
    rows = night(label).expected["fct_quiz_attempt"]
    keys = Counter((row["user_id"], row["quiz_id"], row["started_at"], row["completed_at"]) for row in rows)
    assert sum(1 for times in keys.values() if times == 1) > 0.8 * len(keys)
