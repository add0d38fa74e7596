"""Where everything reproducible comes from: streams, UUIDs, clocks and calendars."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from demo.people import birthday
from demo.places import PLACES, known_zone, schools_of, term_factor, zone_offsets
from demo.plan import Plan, microseconds, moment_of, some_of, uuids
from tests.demo.conftest import AS_OF


def plan(**changes: object) -> Plan:
    return Plan(**{"learners": 100, "events": 1000, "days": 100, "seed": 1, "as_of": AS_OF, **changes})  # type: ignore[arg-type]


def test_uuids_are_valid_different_and_repeatable() -> None:
    made = [UUID(bytes=bytes(row)) for row in uuids(1, "users", np.arange(20_000))]
    assert len(set(made)) == 20_000
    assert {value.version for value in made} == {4}
    assert UUID(bytes=bytes(uuids(1, "users", np.array([77]))[0])) == made[77]
    assert not set(made) & {UUID(bytes=bytes(row)) for row in uuids(1, "lessons", np.arange(1000))}
    assert not set(made) & {UUID(bytes=bytes(row)) for row in uuids(2, "users", np.arange(1000))}


def test_streams_depend_on_their_topic_and_number_alone() -> None:
    first = plan().stream("events", 3).random(4)
    plan().stream("people").random(1000)
    assert np.array_equal(first, plan(learners=500).stream("events", 3).random(4))
    assert not np.array_equal(first, plan().stream("events", 4).random(4))
    assert not np.array_equal(first, plan(seed=-1).stream("events", 3).random(4))


def test_moments_survive_the_way_to_microseconds_and_back() -> None:
    moment = datetime(2026, 3, 29, 0, 59, 59, 999_999, tzinfo=UTC)
    assert moment_of(microseconds(moment)) == moment
    assert microseconds(datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)) == -1_000_000


def test_some_of_few_is_all_of_them() -> None:
    stream = plan().stream("test")
    assert some_of(stream, 3, 10).tolist() == [0, 1, 2]
    assert some_of(stream, 0, 10).tolist() == []


@pytest.mark.parametrize(
    "zone",
    [
        "Europe/Copenhagen",
        "America/New_York",
        "Australia/Sydney",
        "America/Santiago",
        "Pacific/Tongatapu",
        "UTC",
    ],
)
def test_local_hours_have_the_offset_of_their_zone_all_year(zone: str) -> None:
    # Both changes of the clock are in the year, in both directions: an offset per day would be wrong twice.
    offsets = zone_offsets([zone], date(2026, 1, 1), 365)[0]
    for hour in range(365 * 24):
        local = datetime(2026, 1, 1) + timedelta(hours=hour)  # noqa: DTZ001
        aware = local.replace(tzinfo=ZoneInfo(zone))
        assert timedelta(microseconds=int(offsets[hour])) == aware.utcoffset(), local


def test_a_name_that_no_zone_has_counts_as_utc() -> None:
    assert known_zone("Europe/Bonn") == "UTC"
    assert known_zone("Pacific/Tongatapu") == "Pacific/Tongatapu"


def test_schools_grow_with_the_number_of_learners() -> None:
    few, many = schools_of(plan()), schools_of(plan(learners=40_000))
    assert few.places == PLACES
    assert many.count == 100
    assert len(set(many.codes)) == len(set(many.names)) == 100


def test_what_has_not_begun_is_not_busy() -> None:
    # At 15:30 UTC, the next date has begun in Tonga and the present one has not ended in New York.
    busy = term_factor(plan(), schools_of(plan()))
    zones = [place.zone for place in PLACES]
    tonga, new_york = zones.index("Pacific/Tongatapu"), zones.index("America/New_York")
    assert busy[tonga, -1] > 0.05
    assert busy[new_york, -1] == 0.0
    assert 0.0 < busy[new_york, -2] < 1.0
    assert busy[:, :-3].min() > 0.0


def test_weekends_and_holidays_are_quiet() -> None:
    made = plan(as_of=datetime(2026, 7, 20, 12, tzinfo=UTC))
    busy = term_factor(made, schools_of(made))
    zones = [place.zone for place in PLACES]
    day = (
        date(2026, 7, 10) - made.first_date
    ).days  # a Friday: summer in the north, winter holidays in the south
    assert busy[zones.index("Europe/Copenhagen"), day] == busy[zones.index("Australia/Sydney"), day] == 0.1
    friday = (date(2026, 6, 12) - made.first_date).days
    assert busy[zones.index("Asia/Riyadh"), friday] == 0.35
    assert busy[zones.index("Europe/Copenhagen"), friday] == 1.0


def test_birthdays_exist_in_common_years() -> None:
    assert birthday(date(2028, 2, 29), 13, 0) == date(2015, 2, 28)
    assert birthday(date(2026, 12, 31), 16, 1) == date(2011, 1, 1)
