"""One more believable day on a platform that exists: new, late, changed and deleted rows."""

from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import polars as pl

from demo.accounts import change_accounts, new_accounts
from demo.deletions import delete_rows
from demo.events import Events, day_times, events_at, join
from demo.load import Target, open_target
from demo.paperwork import change_paperwork
from demo.plan import DAY, HOUR, SECOND, Ints, microseconds, moment_of, random_stream, require_zone
from demo.progress import change_study
from demo.server import DemoError
from demo.state import Platform, newest_moment, read_platform

EVENTS_EACH = 6
LEAST_EVENTS = 20
LATE_SHARE = 0.05


@dataclass(frozen=True)
class DayReport:
    """What happened between `since` and `as_of` (UTC): rows by table that are new, changed, deleted.

    `late` of the new events happened before `since`.
    """

    since: datetime
    as_of: datetime
    late: int
    new: dict[str, int]
    changed: dict[str, int]
    deleted: dict[str, int]


def append_day(
    url: str,
    *,
    seed: int,
    as_of: datetime | None = None,
    events: int | None = None,
    departures: bool = True,
) -> DayReport:
    """Play the platform on from where it stands: for 24 hours, or until `as_of`.

    The day has as many events as lately, or `events` and some late ones. With `departures` an account
    is deleted.

    The same seed on the same rows makes the same day. All of it is one transaction. Raises DemoError when
    the tables are missing or empty, or `as_of` is not after the newest moment.
    """
    if as_of is not None:
        require_zone(as_of)
    with open_target(url, seed) as target:
        start = newest_moment(target)
        end = start + DAY if as_of is None else microseconds(as_of)
        if end <= start:
            raise DemoError(f"the platform already stands at {moment_of(start).isoformat()}")
        # UUIDs of new rows depend on the day too: one seed may play many days.
        today = replace(target, seed=int(random_stream(seed, "day", start).integers(2**62)))
        return _play(today, start, end, events, departures)


def _play(target: Target, start: int, end: int, wanted: int | None, departures: bool) -> DayReport:
    stream = random_stream(target.seed, "activity")
    platform = read_platform(target, start, end, stream)
    platform, new = new_accounts(target, platform)
    events, late = _events(platform, wanted, stream)
    new["analytics"] = _append_events(target, platform, events)
    changed = change_accounts(target, platform, events)
    study_new, study_changed = change_study(target, platform, np.unique(events.user))
    paper_new, paper_changed = change_paperwork(target, platform)
    deleted = delete_rows(target, platform, np.unique(events.user), len(events.user), departures)
    return DayReport(
        since=moment_of(start),
        as_of=moment_of(end),
        late=late,
        new={**new, **study_new, **paper_new},
        changed={**changed, **study_changed, **paper_changed},
        deleted=deleted,
    )


def _events(platform: Platform, wanted: int | None, stream: np.random.Generator) -> tuple[Events, int]:
    """The day's events in order of arrival, and how many of them are late."""
    span = (platform.end - platform.start) / DAY
    if wanted is None:
        wanted = max(LEAST_EVENTS, int(platform.recent.sum() / 14 * span))
    today = _of_today(platform, wanted, stream)
    late = _late(platform, max(3, int(wanted * LATE_SHARE)), stream)
    both = join(today, late)
    return both.pick(np.argsort(both.arrived, kind="stable")), len(late.user)


def _of_today(platform: Platform, wanted: int, stream: np.random.Generator) -> Events:
    user = _active(platform, wanted, stream)
    count = 1 + stream.multinomial(max(wanted - len(user), 0), np.full(len(user), 1 / len(user)))
    who = np.repeat(user, count)
    at = _moments(platform, who, day_times(stream, platform.people.evening[user], count))
    is_first = np.zeros(len(who), dtype=np.bool_)
    is_first[np.cumsum(count) - count] = True
    reached = stream.random(len(who))
    people, catalogue = platform.people, platform.catalogue
    made = events_at(people, catalogue, who, at, reached, is_first, platform.end, stream)
    made.at[-1] = platform.end + 5 * HOUR  # a wrong clock
    return made


def _late(platform: Platform, count: int, stream: np.random.Generator) -> Events:
    """Events of hours to three weeks ago that arrive only now, of accounts that existed then."""
    old = np.flatnonzero(platform.people.created < platform.start - DAY)
    who = stream.choice(old, count)
    delay = np.minimum(HOUR + stream.exponential(3 * DAY, count), 21 * DAY).astype(np.int64)
    at = np.maximum(platform.start - delay, platform.people.created[who] + 60 * SECOND)
    no_login = np.zeros(count, dtype=np.bool_)
    reached = stream.random(count)
    made = events_at(platform.people, platform.catalogue, who, at, reached, no_login, platform.end, stream)
    arrived = platform.start + (stream.random(count) * (platform.end - platform.start)).astype(np.int64)
    return replace(made, arrived=arrived)


def _active(platform: Platform, wanted: int, stream: np.random.Generator) -> Ints:
    """Who is there today: mostly who was there lately, now and then somebody long absent, and the new."""
    people = platform.people
    weight = np.where(people.left > 0, np.sqrt(platform.recent) + 0.02, 0.0)
    fresh = np.flatnonzero(people.created > platform.start)
    weight[fresh] = 0.0
    count = min(max(5, wanted // EVENTS_EACH), int((weight > 0).sum()))
    chosen = stream.choice(people.count, count, replace=False, p=weight / weight.sum())
    return np.sort(np.concatenate([chosen, fresh])).astype(np.int64)


def _moments(platform: Platform, user: Ints, local: Ints) -> Ints:
    """Turn times of day into moments of the day being played, after the account was made."""
    midnight = platform.start // DAY * DAY
    # The offsets begin a day before `start`.
    offset = platform.offsets[platform.people.school[user], 24 + local // HOUR]
    span = platform.end - platform.start
    at: Ints = platform.start + 1 + (midnight + local - offset - platform.start) % span
    at = np.maximum(at, platform.people.created[user] + SECOND)
    return np.minimum(at, platform.end)


def _append_events(target: Target, platform: Platform, events: Events) -> int:
    first = target.query("SELECT nextval(pg_get_serial_sequence('analytics', 'id')) AS id").item()
    rows = events.rows(first_id=first).with_columns(
        user_id=platform.user_ids.gather(events.user),
        lesson_id=platform.lesson_ids.gather(pl.Series(events.lesson).replace(-1, None)),
    )
    target.query("SELECT setval(pg_get_serial_sequence('analytics', 'id'), $1)", first + rows.height - 1)
    return target.append("analytics", rows)
