"""People, lessons and zones that change under events that do not: local dates and touched dates."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from tests.ingest.conftest import School

Scratch = Callable[[], dict[str, list[tuple[Any, ...]]]]
LATE_EVENING = "2026-03-02T22:30:00+00:00"  # the 2nd in London, the 3rd in Berlin


def test_a_user_who_moves_school_takes_the_events_along(school: School, scratch: Scratch) -> None:
    london, berlin = school.school("Europe/London"), school.school("Europe/Berlin")
    user, other = school.user(london), school.user(london)
    lesson = school.lesson()
    school.event(user, "2026-03-02T23:30:00+00:00", lesson)
    school.event(other, "2026-02-01T12:00:00+00:00")
    school.ingest()
    assert school.touched(1) == ["2026-02-01", "2026-03-02"]
    school.run("UPDATE users SET school_id = %s WHERE id = %s", berlin, user)
    school.ingest()
    assert school.touched(2) == ["2026-03-02", "2026-03-03"]
    assert school.contents() == scratch()
    assert school.value("SELECT max(local_date) FROM raw.analytics") == date(2026, 3, 3)


def test_a_move_within_one_zone_touches_the_dates(school: School) -> None:
    """The events belong to another school now, although no local date changes."""
    one, two = school.school("Europe/Berlin"), school.school("Europe/Berlin")
    user = school.user(one)
    school.event(user, LATE_EVENING)
    school.ingest()
    school.run("UPDATE users SET school_id = %s", two)
    school.ingest()
    assert school.touched(2) == ["2026-03-02"]


def test_a_school_that_changes_its_zone(school: School, scratch: Scratch) -> None:
    place = school.school("Europe/London")
    user = school.user(place)
    school.event(user, "2026-03-02T23:30:00+00:00")
    school.ingest()
    school.run("UPDATE schools SET timezone = 'Pacific/Auckland'")
    school.ingest()
    assert school.touched(2) == ["2026-03-02", "2026-03-03"]
    assert school.contents() == scratch()


def test_a_deleted_user_leaves_orphans_in_utc_and_may_come_back(school: School, scratch: Scratch) -> None:
    user = school.user(school.school("Pacific/Auckland"))
    school.event(user, "2026-03-02T23:30:00+00:00")
    school.ingest()
    school.run("CREATE TABLE kept AS SELECT * FROM users")
    school.run("DELETE FROM users")
    report = school.ingest()
    assert report.table("analytics").orphans == 1
    assert school.touched(2) == ["2026-03-02", "2026-03-03"]
    assert school.value("SELECT local_date FROM raw.analytics") == date(2026, 3, 2)
    assert school.contents() == scratch()
    school.run("INSERT INTO users SELECT * FROM kept")
    assert school.ingest().table("analytics").orphans == 0
    assert school.touched(3) == ["2026-03-02", "2026-03-03"]
    assert school.value("SELECT count(*) FROM raw.key_users") == 1


def test_a_deleted_school_sends_its_people_to_utc(school: School, scratch: Scratch) -> None:
    user = school.user(school.school("Pacific/Auckland"))
    school.event(user, "2026-03-02T23:30:00+00:00")
    school.ingest()
    school.run("DELETE FROM schools")
    school.ingest()
    assert school.touched(2) == ["2026-03-02", "2026-03-03"]
    assert school.contents() == scratch()


def test_a_lesson_that_goes_and_comes_back_touches_its_dates(school: School) -> None:
    user, lesson = school.user(), school.lesson()
    school.event(user, "2026-03-02T10:00:00+00:00", lesson)
    school.event(user, "2026-03-04T10:00:00+00:00")
    school.ingest()
    school.run("CREATE TABLE kept AS SELECT * FROM lessons")
    school.run("DELETE FROM lessons")
    assert school.ingest().table("analytics").orphans == 1
    assert school.touched(2) == ["2026-03-02"]
    school.run("INSERT INTO lessons SELECT * FROM kept")
    school.ingest()
    assert school.touched(3) == ["2026-03-02"]


def test_new_people_and_lessons_touch_only_their_events(school: School) -> None:
    school.event(school.user(), "2026-03-02T10:00:00+00:00")
    school.ingest()
    school.event(school.user(), "2026-03-04T10:00:00+00:00", school.lesson())
    school.user(school.school("Asia/Tokyo"))
    school.ingest()
    assert school.touched(2) == ["2026-03-04"]


def test_a_corrected_time_zone_database_moves_events(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    """Governments change zones at short notice: stored offsets of an older tzdata must not stay."""
    user = school.user(school.school("Europe/Berlin"))
    school.event(user, "2026-03-02T23:30:00+00:00")
    school.ingest()
    school.warehouse.execute("UPDATE raw.zone_days SET offset_seconds = 0 WHERE zone = 'Europe/Berlin'")
    school.warehouse.execute("UPDATE raw.analytics SET local_date = '2026-03-02'")
    school.ingest()
    assert school.touched(2) == ["2026-03-02", "2026-03-03"]
    assert school.value("SELECT local_date FROM raw.analytics") == date(2026, 3, 3)
    wrong = "SELECT count(*) FROM raw.zone_days WHERE zone = 'Europe/Berlin' AND offset_seconds = 0"
    assert school.value(wrong) == 0
