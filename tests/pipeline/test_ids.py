"""Names of runs and snapshots sort in the order in which they were given."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pipeline.ids import new_id

NOW = datetime(2026, 11, 22, 1, 45, 2, 123_456, tzinfo=UTC)


def test_the_name_tells_the_moment() -> None:
    assert new_id(NOW).startswith("20261122T014502Z-1e240")


def test_a_clock_that_was_put_back_makes_no_older_names() -> None:
    """The newest snapshot would be pruned first, and rolling back would go forward."""
    ahead = new_id(NOW + timedelta(days=400))
    names = [ahead]
    for _ in range(50):
        names.append(new_id(NOW, names[-1]))
    assert names == sorted(names)
    assert len(set(names)) == len(names)
    assert new_id(NOW, new_id(NOW.replace(microsecond=999_999)))[:16] == "20261122T014503Z"


def test_a_name_that_is_none_of_ours_is_left_out_of_account() -> None:
    assert new_id(NOW, "backup").startswith("20261122T014502Z")
