"""The edge cases of the metrics: a first build and two nights across clock changes and a leap day."""

from __future__ import annotations

import psycopg
import pytest

from tests.conftest import MakeDatabase, Night
from tests.differential import edge_cases
from tests.spark.nights import Played, both, play

pytestmark = [pytest.mark.spark, pytest.mark.timeout(2700)]


@pytest.fixture(scope="module")
def played(make_database: MakeDatabase, night: Night, tmp_path_factory: pytest.TempPathFactory) -> Played:
    """All nights, on both engines."""
    source_url = make_database()
    with psycopg.connect(source_url) as connection:
        edge_cases.load(connection)
    nights = both(source_url, tmp_path_factory.mktemp("edges"), spark_state_url=make_database())
    play(nights, night, edge_cases.DST_HOUR)
    with psycopg.connect(source_url) as connection:
        connection.execute("DELETE FROM analytics WHERE id % 5 = 0")
        connection.execute("UPDATE analytics SET xp_earned = xp_earned + 1 WHERE id % 7 = 0")
    play(nights, night, edge_cases.JANUARY_END)
    with psycopg.connect(source_url) as connection:
        edge_cases.change(connection)
    play(nights, night, edge_cases.LEAP_NIGHT)
    return nights


def test_every_mart_is_equal_every_night(played: Played) -> None:
    """Guards against the corners in which two engines read the same SQL differently."""
    assert played.differing == [{}] * 3


def test_what_was_built_is_kept_in_postgresql(played: Played) -> None:
    """Machines that take turns need one memory: with its own, each would build from what it saw last."""
    assert played.spark.spark_state_url is not None
    with psycopg.connect(played.spark.spark_state_url.get_secret_value()) as connection:
        row = connection.execute("SELECT count(*) FROM sqlmesh._intervals").fetchone()

    assert row is not None
    assert row[0] > 0
    assert not (played.spark.spark_dir / "state.duckdb").exists()
