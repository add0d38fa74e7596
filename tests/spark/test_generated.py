"""A generated platform: a first build and two nights with late, changed and deleted rows and people."""

from __future__ import annotations

import stat
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from api.receipts import read_receipts
from demo.day import append_day
from demo.generate import generate
from pipeline.lake.place import open_place
from pipeline.lake.traces import count_rows
from pipeline.verify import verify_erasure
from tests.conftest import SCHOOL_AS_OF, MakeDatabase, Night
from tests.spark.nights import Played, both, play

pytestmark = [pytest.mark.spark, pytest.mark.timeout(2700)]
NIGHTS = 2


@pytest.fixture(scope="module")
def played(make_database: MakeDatabase, night: Night, tmp_path_factory: pytest.TempPathFactory) -> Played:
    """All nights, on both engines."""
    source_url = make_database()
    generate(source_url, learners=40, events=6_000, days=90, seed=21, as_of=SCHOOL_AS_OF)
    nights = both(source_url, tmp_path_factory.mktemp("generated"))
    nights.people = _people(source_url)
    play(nights, night, SCHOOL_AS_OF)
    for number in range(1, NIGHTS + 1):
        as_of = SCHOOL_AS_OF + timedelta(days=number)
        append_day(source_url, seed=number, as_of=as_of)
        _more(source_url, number)
        play(nights, night, as_of)
    return nights


def _people(source_url: str) -> set[UUID]:
    with psycopg.connect(source_url) as connection:
        return {row[0] for row in connection.execute("SELECT id FROM users").fetchall()}


def _more(source_url: str, number: int) -> None:
    """What a believable day seldom has: an emptied date, a school that moves, people who change schools."""
    with psycopg.connect(source_url) as connection:
        if number == 1:
            date = (SCHOOL_AS_OF - timedelta(9)).date()
            connection.execute("DELETE FROM analytics WHERE created_at::date = %s", [date])
        if number == 2:
            connection.execute(
                "UPDATE schools SET timezone = 'Pacific/Tongatapu', updated_at = now()"
                " WHERE code = (SELECT min(code) FROM schools)"
            )
            connection.execute(
                "UPDATE users SET school_id = (SELECT id FROM schools ORDER BY code DESC LIMIT 1)"
                " WHERE id IN (SELECT id FROM users WHERE role = 'STUDENT' ORDER BY id LIMIT 3)"
            )


def test_every_mart_is_equal_every_night(played: Played) -> None:
    """Guards against a figure that depends on the engine: nobody would look for the reason there."""
    assert played.differing == [{}] * (NIGHTS + 1)


def test_snapshots_say_the_same(played: Played) -> None:
    """The API, the catalogue and lineage read types, meanings and origins: another engine changes none."""
    for ours, theirs in played.manifests:
        assert theirs.marts.keys() == ours.marts.keys()
        assert theirs.marts == ours.marts
        assert (theirs.orphans, theirs.future) == (ours.orphans, ours.future)


def test_nights_build_only_touched_days(played: Played) -> None:
    """A night that quietly builds everything anew is right, and too slow where Spark is needed."""
    (_, first), *nights = played.built
    for ours, theirs in nights:
        assert theirs == ours
        assert theirs["intermediate.int_user_day"] < first["intermediate.int_user_day"] / 2


def test_who_left_is_in_no_file(played: Played) -> None:
    """Guards against older versions of a table, which no query shows and every copy of the folder has."""
    gone = played.people - _people(played.spark.require_source_url())

    assert len(gone) >= NIGHTS
    assert all(verify_erasure(played.spark, person).traces == () for person in gone)
    assert any(verify_erasure(played.spark, one).traces for one in sorted(played.people - gone)[:4])


def test_nobody_else_may_read_the_lake(played: Played) -> None:
    """It has ids and birth dates; Java would make it for everybody."""
    made = [Path(played.spark.lake), played.spark.spark_dir]
    assert [stat.S_IMODE(folder.stat().st_mode) for folder in made] == [0o700, 0o700]


def test_a_search_of_the_lake_finds_who_stayed(played: Played) -> None:
    """Receipts rest on this search: one that finds nobody would sign anything."""
    receipts = read_receipts(played.spark.receipts_dir)
    keys = {receipt.user_key for receipt in receipts if receipt.user_key is not None}
    place = open_place(played.spark.lake)

    assert keys
    assert all(receipt.is_verified for receipt in receipts)
    assert count_rows(place, keys) == {key: {} for key in keys}
    assert any(count_rows(place, set(range(1, 40))).values())
