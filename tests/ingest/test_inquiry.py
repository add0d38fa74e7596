"""The source is asked before the warehouse is there to take its rows."""

from __future__ import annotations

from contextlib import closing

import pytest

from ingest import ingest, inquire
from ingest.columns import TableSpec
from ingest.inquiry import Inquiry
from ingest.specs import TABLES
from tests.ingest.conftest import School


@pytest.fixture(autouse=True)
def asks_about_small_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have tables of a few rows compared, not read again."""
    monkeypatch.setattr("ingest.inquiry.LARGE_ROWS", 1)


def test_what_one_connection_asked_is_answered_to_another(school: School) -> None:
    user = school.user(school.school())
    gone, kept = school.event(user), school.event(user)
    school.ingest()
    school.run("DELETE FROM analytics WHERE id = %s", gone)
    new = school.event(user)

    with inquire(school.url) as inquiry:
        with closing(school.warehouse.cursor()) as other:
            inquiry.ask(other)
        events = ingest(school.warehouse, inquiry).table("analytics")

    assert (events.rows_inserted, events.rows_deleted) == (1, 1)
    assert school.rows("SELECT id FROM raw.analytics ORDER BY 1") == [(kept,), (new,)]


def test_rows_written_after_the_question_wait_for_the_next_batch(school: School) -> None:
    """The questions and the rows are of one moment, however long the warehouse takes to open."""
    user = school.user(school.school())
    first = school.event(user)
    school.ingest()

    with inquire(school.url) as inquiry:
        inquiry.ask(school.warehouse)
        late = school.event(user)
        school.run("DELETE FROM analytics WHERE id = %s", first)
        ingest(school.warehouse, inquiry)

    assert school.rows("SELECT id FROM raw.analytics") == [(first,)]
    school.ingest()
    assert school.rows("SELECT id FROM raw.analytics") == [(late,)]


def test_a_warehouse_without_raw_is_asked_nothing(school: School) -> None:
    user = school.user(school.school())
    event = school.event(user)

    with inquire(school.url) as inquiry:
        assert _asked_about(inquiry, school) == []
        ingest(school.warehouse, inquiry)

    assert school.rows("SELECT id FROM raw.analytics") == [(event,)]


def _asked_about(inquiry: Inquiry, school: School) -> list[TableSpec]:
    fingerprints = inquiry.ask(school.warehouse)
    return [spec for spec in TABLES if spec in fingerprints]
