"""Blocks of ids that hold new rows are read whole: one pass at the source tells what is new and gone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, LiteralString

import pytest

from ingest.errors import DuplicateKeyError, IngestError, ValueRefusedError
from ingest.report import TableReport
from tests.ingest.conftest import School

Scratch = Callable[[], dict[str, list[tuple[Any, ...]]]]
FIRST, LAST = 1, 5_000  # of five blocks


@pytest.fixture(autouse=True)
def reads_blocks_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """However few rows a table has beside those blocks."""
    monkeypatch.setattr("ingest.fingerprints._READ_IN_VAIN", 1)


def _fill(school: School) -> None:
    """Events with the ids FIRST to LAST, of one person."""
    school.run(
        "INSERT INTO analytics (user_id, event_type, created_at) "
        "SELECT %s, 'login', timestamptz '2026-01-01' + g * interval '1 minute' "
        "FROM generate_series(1, 5000) g",
        school.user(),
    )


def _changes(table: TableReport) -> tuple[int, int, int]:
    return table.rows_inserted, table.rows_updated, table.rows_deleted


_AGAIN: LiteralString = (
    "WITH gone AS (DELETE FROM analytics WHERE id = {id} RETURNING *) "
    "INSERT INTO analytics (id, user_id, event_type, created_at) OVERRIDING SYSTEM VALUE "
    "SELECT {new}, user_id, 'view_lesson', created_at + interval '1 day' FROM gone"
)
# What happens, what becomes of raw (inserted, updated, deleted), and the rows read.
NIGHTS: tuple[tuple[LiteralString, tuple[int, int, int], int], ...] = (
    (
        "INSERT INTO analytics (user_id, event_type) SELECT id, 'login' FROM users",
        (1, 0, 0),
        5_001 - 4_096 + 1,
    ),
    (_AGAIN.format(id=2, new=0), (1, 0, 1), 1_023),  # as many in the block as before
    (_AGAIN.format(id=3, new=3), (0, 1, 0), 1_023),  # a new row with an old id
    (_AGAIN.format(id=4, new=8196), (1, 0, 1), 1_022 + 1),  # into a block of its own
    ("DELETE FROM analytics WHERE id BETWEEN 1024 AND 2047", (0, 0, 1_024), 0),  # a whole block
    ("DELETE FROM analytics WHERE id = 5; UPDATE analytics SET xp_earned = 7 WHERE id = 6", (0, 1, 1), 1_021),
    ("UPDATE analytics SET event_type = 'logout'", (0, 3_976, 0), 3_976),
    ("UPDATE analytics SET user_id = gen_random_uuid() WHERE id = 7", (0, 1, 0), 1_021),
)


def test_blocks_with_news_are_made_equal(school: School, scratch: Scratch) -> None:
    """A block whose new row hides one that is gone would stay wrong for ever."""
    _fill(school)
    school.ingest(settled=True)
    for happens, expected, read in NIGHTS:
        school.run(happens)
        table = school.ingest(settled=True).table("analytics")
        assert (_changes(table), table.rows_read) == (expected, read), happens
    assert school.contents() == scratch()
    assert school.ingest(settled=True).table("analytics").rows_read == 0


def test_the_rest_of_a_table_goes(school: School, scratch: Scratch) -> None:
    """An empty table has no blocks to sum."""
    _fill(school)
    school.ingest()
    school.run("DELETE FROM analytics")
    assert _changes(school.ingest(allow_truncation=True).table("analytics")) == (0, 0, 5_000)
    assert school.contents() == scratch()


@pytest.mark.parametrize(("number", "error"), [(5, DuplicateKeyError), (None, ValueRefusedError)])
def test_ids_that_name_no_row_are_refused(
    school: School, number: int | None, error: type[IngestError]
) -> None:
    """Without a key at the source an id may come twice, or not at all."""
    _fill(school)
    school.run("ALTER TABLE analytics DROP CONSTRAINT analytics_pkey, ALTER id DROP IDENTITY")
    school.run("ALTER TABLE analytics ALTER id DROP NOT NULL")
    school.ingest()
    school.run("INSERT INTO analytics (id, user_id, event_type) SELECT %s, id, 'login' FROM users", number)
    with pytest.raises(error):
        school.ingest()
    assert school.value("SELECT count(*) FROM raw.analytics") == 5_000


def test_erased_people_stay_away_whatever_is_new_beside_them(school: School) -> None:
    """A block is counted with what is withheld of it: that must be renewed with the block."""
    erased, kept = school.user(), school.user()
    school.event(kept)
    gone, going = school.event(erased), school.event(kept)

    def is_erased(user: object) -> bool:
        return bool(user == erased)

    school.ingest(settled=True, is_erased=is_erased)
    for sql, expected in (
        ("DELETE FROM analytics WHERE id = %s", (0, 0, 1)),
        ("UPDATE analytics SET xp_earned = 9 WHERE id = %s", (0, 0, 0)),
    ):
        school.event(erased)
        school.run(sql, going if "DELETE" in sql else gone)
        assert _changes(school.ingest(settled=True, is_erased=is_erased).table("analytics")) == expected
    assert school.value("SELECT count(*) FROM raw.analytics") == 1
    assert school.value("SELECT sum(row_count) FROM raw.withheld WHERE table_name = 'analytics'") == 3
    assert school.ingest(settled=True, is_erased=is_erased).table("analytics").rows_read == 0
