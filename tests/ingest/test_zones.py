"""Local dates by raw.zone_days, compared with zoneinfo itself."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from ingest.zones import zone_day
from tests.ingest.conftest import School


@pytest.mark.parametrize(
    ("zone", "day", "expected"),
    [
        ("UTC", date(2026, 3, 29), (0, None, None)),
        ("Europe/Berlin", date(2026, 3, 29), (3600, datetime.fromisoformat("2026-03-29T01:00"), 7200)),
        ("Europe/Berlin", date(2026, 10, 25), (7200, datetime.fromisoformat("2026-10-25T01:00"), 3600)),
        ("Pacific/Auckland", date(2026, 9, 26), (43200, datetime.fromisoformat("2026-09-26T14:00"), 46800)),
        ("Pacific/Apia", date(2011, 12, 30), (-36000, datetime.fromisoformat("2011-12-30T10:00"), 50400)),
        ("Pacific/Tongatapu", date(2026, 7, 1), (46800, None, None)),
        ("Europe/Amsterdam", date(1930, 1, 1), (1172, None, None)),
    ],
)
def test_zone_day(zone: str, day: date, expected: tuple[int, datetime | None, int | None]) -> None:
    info = ZoneInfo(zone)
    if zone == "Europe/Amsterdam":  # some builds of the database merge it with Brussels before 1970
        expected = (
            int((info.utcoffset(datetime.fromisoformat("1930-01-01T00:00")) or timedelta()).total_seconds()),
            None,
            None,
        )
    assert zone_day(info, day) == (zone, day, *expected)


ZONES = ["Europe/Berlin", "America/New_York", "Pacific/Auckland", "Pacific/Tongatapu", "Asia/Kolkata", "UTC"]


def test_local_dates_equal_zoneinfo_around_every_change(school: School) -> None:
    """One hour off around a clock change moves events of two nights a year to the wrong day."""
    users = {school.user(school.school(zone)): ZoneInfo(zone) for zone in ZONES}
    moments = [
        datetime.fromisoformat(f"{day}T00:00:00+00:00") + timedelta(minutes=30 * half, seconds=second)
        for day in ("2026-03-07", "2026-03-28", "2026-04-04", "2026-09-26", "2026-10-24", "2026-10-31")
        for half in range(4 * 24)
        for second in (-1, 0)
    ]
    with school.source.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO analytics (user_id, event_type, created_at) VALUES (%s, 'login', %s)",
            [(user, moment) for user in users for moment in moments],
        )
    school.ingest()
    found = school.rows(
        "SELECT id, created_at, local_date FROM raw.analytics JOIN raw.key_users ON user_key = key".replace(
            "SELECT id", "SELECT key_users.id"
        )
    )
    assert len(found) == len(users) * len(moments)
    for user, created_at, local_date in found:
        assert local_date == created_at.replace(tzinfo=UTC).astimezone(users[user]).date()


@pytest.mark.parametrize("timezone", ["Mars/Olympus", "", "europe/berlin", "localtime", "UTC+1", None])
def test_a_name_that_is_no_zone_means_utc(school: School, timezone: str | None) -> None:
    school.run("ALTER TABLE schools ALTER timezone DROP NOT NULL")
    user = school.user(school.school(timezone))
    school.event(user, "2026-03-02T23:59:59+00:00")
    report = school.ingest()
    assert report.unknown_zones == (timezone is not None)
    assert school.rows("SELECT timezone, zone FROM raw.schools") == [(timezone, "UTC")]
    assert school.value("SELECT local_date FROM raw.analytics") == date(2026, 3, 2)


def test_zone_days_cover_every_date_without_gaps_and_grow(school: School) -> None:
    user = school.user(school.school("Europe/Berlin"))
    school.event(user, "2026-03-02T10:00:00+00:00")
    school.ingest(as_of=datetime(2026, 3, 4, tzinfo=UTC))
    sql = (
        "SELECT zone, min(utc_date), count(*), count(DISTINCT utc_date), max(utc_date) - min(utc_date) + 1 "
        "FROM raw.zone_days GROUP BY zone ORDER BY zone"
    )
    first = school.rows(sql)
    assert [row[0] for row in first] == ["Europe/Berlin", "UTC"]
    assert all(row[1] == date(2026, 2, 28) and row[2] == row[3] == row[4] for row in first)
    school.event(user, "2024-12-31T10:00:00+00:00")
    school.school("Asia/Tokyo")
    school.ingest()
    grown = school.rows(sql)
    assert [row[0] for row in grown] == ["Asia/Tokyo", "Europe/Berlin", "UTC"]
    assert all(row[1] == date(2024, 12, 29) and row[2] == row[3] == row[4] for row in grown)
