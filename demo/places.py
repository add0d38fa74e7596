"""Schools and their time: a small atlas of countries, zones, weekends and holidays."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from zoneinfo import available_timezones

import numpy as np
import polars as pl

from demo.plan import DAY, Floats, Ints, Plan

Span = tuple[tuple[int, int], tuple[int, int]]  # (month, day) of the first and the last day, both inclusive

NORTHERN: tuple[Span, ...] = (
    ((6, 28), (8, 12)),
    ((10, 12), (10, 18)),
    ((12, 21), (12, 31)),
    ((1, 1), (1, 3)),
    ((4, 1), (4, 9)),
)
SOUTHERN: tuple[Span, ...] = (
    ((12, 15), (12, 31)),
    ((1, 1), (1, 29)),
    ((4, 8), (4, 20)),
    ((7, 4), (7, 19)),
    ((9, 23), (10, 4)),
)
SATURDAY_SUNDAY = (5, 6)
FRIDAY_SATURDAY = (4, 5)


@dataclass(frozen=True)
class Place:
    """Where a school is: `zone` is what its row says, which need not be a time zone that exists."""

    code: str
    name: str
    country: str | None
    zone: str
    weight: float
    holidays: tuple[Span, ...] = NORTHERN
    weekend: tuple[int, int] = SATURDAY_SUNDAY
    is_active: bool = True


PLACES = (
    Place("oresund-gymnasium", "Øresund Gymnasium", "DK", "Europe/Copenhagen", 18),
    Place("harbor-high", "Harbor High School", "US", "America/New_York", 14),
    Place("coogee-college", "Coogee College", "AU", "Australia/Sydney", 10, SOUTHERN),
    Place("nukualofa-college", "Nukuʻalofa College", "TO", "Pacific/Tongatapu", 6, SOUTHERN),
    Place("colegio-manzanares", "Colegio Manzanares", "ES", "Europe/Madrid", 8),
    Place("colegio-mapocho", "Colegio Mapocho", "CL", "America/Santiago", 7, SOUTHERN),
    Place("bengaluru-public", "Bengaluru Public School", "IN", "Asia/Kolkata", 8, SOUTHERN),
    Place("pacific-middle", "Pacific Middle School", "US", "America/Los_Angeles", 7),
    Place("riyadh-academy", "Riyadh Academy", "SA", "Asia/Riyadh", 4, NORTHERN, FRIDAY_SATURDAY),
    Place("waitemata-school", "Waitematā School", "NZ", "Pacific/Auckland", 5, SOUTHERN),
    Place("thames-side", "Thames Side Comprehensive", "GB", "Europe/London", 4),
    # A zone that does not exist, as somebody once typed it: counts as UTC and is reported.
    Place("rheinschule", "Rheinschule", "DE", "Europe/Bonn", 4),
    Place("open-online-school", "Open Online School", None, "UTC", 3),
    Place("kita-no-mori", "北の森中学校", "JP", "Asia/Tokyo", 3, SOUTHERN),
    Place("old-mill-school", "Old Mill School", "IE", "Europe/Dublin", 2, NORTHERN, SATURDAY_SUNDAY, False),
    Place("lord-howe-central", "Lord Howe Central School", "AU", "Australia/Lord_Howe", 2, SOUTHERN),
)
LEARNERS_PER_SCHOOL = 400


@dataclass(frozen=True)
class Schools:
    """The schools of a plan; number `count` stands for having no school (UTC)."""

    places: tuple[Place, ...]
    names: tuple[str, ...]
    codes: tuple[str, ...]

    @property
    def count(self) -> int:
        """How many schools there are."""
        return len(self.places)

    @property
    def zones(self) -> list[str]:
        """The zone that the clock of each school follows, and UTC for having no school."""
        return [known_zone(place.zone) for place in self.places] + ["UTC"]


def schools_of(plan: Plan) -> Schools:
    """Return one school for each 400 learners, and every place of the atlas at least once."""
    count = max(len(PLACES), plan.learners // LEARNERS_PER_SCHOOL)
    turns = [divmod(number, len(PLACES)) for number in range(count)]
    return Schools(
        places=tuple(PLACES[place] for _, place in turns),
        names=tuple(PLACES[place].name + (f" {turn + 1}" if turn else "") for turn, place in turns),
        codes=tuple(PLACES[place].code + (f"-{turn + 1}" if turn else "") for turn, place in turns),
    )


def known_zone(zone: str) -> str:
    """Return the zone itself, or UTC for a name that no time zone has."""
    return zone if zone in _zone_names() else "UTC"


@cache
def _zone_names() -> set[str]:
    return available_timezones()  # reads a whole directory tree


def term_factor(plan: Plan, schools: Schools) -> Floats:
    """Return how busy a school is, 0..1, by school and day of the plan: shape (schools + 1, days + 1).

    The last column is the date after the UTC date of as_of, which has begun in the east.
    """
    dates = [plan.first_date + timedelta(days=day) for day in range(plan.days + 1)]
    by_place = {place: [_factor(place, day) for day in dates] for place in set(schools.places)}
    no_school = [_factor(PLACES[0], day) for day in dates]
    busy = np.array([by_place[place] for place in schools.places] + [no_school])
    return busy * _elapsed(plan, schools)


def zone_offsets(zones: list[str], first: date, days: int) -> Ints:
    """Return local time minus UTC in microseconds by zone and local hour: shape (zones, days * 24).

    An hour that the clocks skip keeps the offset before it; one that they repeat is its first pass.
    """
    start = datetime.combine(first, datetime.min.time())
    local = pl.datetime_range(start, start + timedelta(days=days), "1h", closed="left", eager=True)
    table = {zone: _offsets(local, zone) for zone in set(zones)}
    return np.stack([table[zone] for zone in zones])


def _offsets(local: pl.Series, zone: str) -> Ints:
    moments = local.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    gap = local.dt.epoch("us") - moments.dt.epoch("us")
    return gap.fill_null(strategy="forward").to_numpy().astype(np.int64)


def _elapsed(plan: Plan, schools: Schools) -> Floats:
    """How much of each local date is over at as_of: what has not happened yet cannot be in the tables."""
    midnights = (np.arange(plan.days + 1) - plan.days + 1) * DAY + plan.now // DAY * DAY
    offsets = zone_offsets(schools.zones, plan.first_date, plan.days + 1)[:, ::24]
    passed: Floats = np.clip((plan.now - (midnights[None, :] - offsets)) / DAY, 0.0, 1.0)
    return passed


def _factor(place: Place, day: date) -> float:
    is_weekend = day.weekday() in place.weekend
    if any(first <= (day.month, day.day) <= last for first, last in place.holidays):
        return 0.10
    return 0.35 if is_weekend else 1.0
