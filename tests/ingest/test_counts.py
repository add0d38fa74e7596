"""Rows that count in no metric."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

from ingest.forget import forget
from tests.ingest.conftest import School


def test_an_orphan_counts_once_and_not_before_its_time(school: School) -> None:
    """Each reference is looked up by itself: a row without person and lesson would count twice."""
    user, lesson = school.user(), school.lesson()
    for someone, something in ((uuid4(), uuid4()), (user, uuid4()), (user, None), (user, lesson)):
        school.event(someone, lesson=something)
    school.event(uuid4(), datetime(2026, 3, 5, tzinfo=UTC))
    school.progress(uuid4(), lesson)
    at = datetime(2026, 3, 4, tzinfo=UTC)
    report = school.ingest(as_of=at)
    events, progress = report.table("analytics"), report.table("user_progress")
    assert (events.rows_total, events.orphans, events.future) == (5, 2, 1)
    assert (progress.rows_total, progress.orphans, progress.future) == (1, 1, 0)
    key = school.value("SELECT key FROM raw.key_users JOIN raw.users USING (id) WHERE id = $1", user)
    forget(school.warehouse, [key])
    assert school.ingest(as_of=at, is_erased=lambda one: one == user).table("analytics").orphans == 1
