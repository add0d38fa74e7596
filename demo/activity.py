"""The activity stream: who is active on which day, and what they do there."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import polars as pl

from demo.catalogue import COURSES_EACH, Catalogue
from demo.people import GHOST, NEVER, People
from demo.places import Schools, term_factor, zone_offsets
from demo.plan import DAY, HOUR, SECOND, Flags, Floats, Ints, Plan

EVENTS_A_DAY = 4.5  # of somebody who is active on it, wherever the plan leaves the choice
BLOCK_EVENTS = 1_500_000
EVENT_TYPES = (
    "login",
    "lesson_view",
    "video_play",
    "exercise_submit",
    "game_play",
    "quiz_complete",
    "forum_post",
    "xp_correction",
)
SHARES = (0.08, 0.30, 0.18, 0.22, 0.08, 0.08, 0.055, 0.005)
LEAST_XP = np.array([0, 0, 5, 10, 5, 20, 0, -50])
XP_STEPS = np.array([1, 2, 2, 3, 3, 7, 2, 10])  # multiples of five: ties are common
HAS_LESSON = np.array([False, True, True, True, True, True, False, False])
METADATA = (None, None, None, '{"device": "tablet"}', '{"device": "phone", "offline": true}')


@dataclass(frozen=True)
class Events:
    """Events in the order in which they arrived; `user` and `lesson` are numbers, -1 for none."""

    user: Ints
    lesson: Ints
    kind: Ints
    xp: Ints
    at: Ints
    arrived: Ints
    metadata: Ints

    def pick(self, which: npt.NDArray[np.generic]) -> "Events":
        """Return some of the events, by position or by flag."""
        return replace(self, **{name: column[which] for name, column in vars(self).items()})

    def rows(self, first_id: int) -> pl.DataFrame:
        """Return the rows of `analytics`, numbered from `first_id` on."""
        names, notes = pl.Series(EVENT_TYPES), pl.Series(METADATA, dtype=pl.String)
        return pl.DataFrame(
            {
                "id": np.arange(first_id, first_id + len(self.user)),
                "user_id": self.user,
                "event_type": names.gather(self.kind),
                "lesson_id": self.lesson,
                "xp_earned": self.xp,
                "metadata": notes.gather(self.metadata),
                "created_at": self.at,
            }
        )


def active_days(plan: Plan, schools: Schools, people: People) -> Flags:
    """Return who is active on which day of the plan: shape (days + 1, accounts).

    Activity follows terms and weekends, comes in streaks, and ends on the day somebody drops out.
    """
    stream = plan.stream("active days")
    busy = term_factor(plan, schools)
    scale = _scale(plan, people, busy)
    active = np.zeros((plan.days + 1, people.count), dtype=np.bool_)
    previous = np.zeros(people.count, dtype=np.bool_)
    for day in range(plan.days + 1):
        factor = busy[people.school, day]
        chance = scale * people.eagerness * factor * np.where(previous, 1.5, 0.9)
        chance = np.where(people.streaker & (factor > 0), 0.97, np.minimum(chance, 0.95))
        here = (people.joined <= day) & (day < people.left) & ~people.never_started
        previous = here & (stream.random(people.count) < chance)
        active[day] = previous
    if not active.any():
        active[0, 0] = True
    return active


def event_blocks(
    plan: Plan, schools: Schools, people: People, catalogue: Catalogue, active: Flags
) -> Iterator[Events]:
    """Yield exactly `plan.events` events in order of arrival, about 1.5 million at a time."""
    waiting: Events | None = None
    offsets = zone_offsets(schools.zones, plan.first_date, plan.days + 3)
    blocks = _blocks(plan, active)
    for number, (first, last, quota) in enumerate(blocks):
        stream = plan.stream("events", number)
        day, user = np.nonzero(active[first:last])
        made = _events(plan, people, catalogue, offsets, day + first, user, quota, stream)
        made = _with_gone_rows(made, people, catalogue, stream)
        is_last = number == len(blocks) - 1
        if is_last:
            made = _with_future(made, plan.now, stream)
        # Rows sent in later than this block's last day wait for the block in which they arrive.
        horizon = NEVER * DAY if is_last else plan.now // DAY * DAY - (plan.days - last + 1) * DAY
        ordered = _in_order(made if waiting is None else join(waiting, made))
        cut = int(np.searchsorted(ordered.arrived, horizon))
        yield ordered.pick(np.arange(cut))
        waiting = ordered.pick(np.arange(cut, len(ordered.user)))


def join(first: Events, second: Events) -> Events:
    """Return the events of both."""
    columns = {name: np.concatenate([column, vars(second)[name]]) for name, column in vars(first).items()}
    return replace(first, **columns)


def day_times(stream: np.random.Generator, evening: Floats, count: Ints) -> Ints:
    """Return times since local midnight for days with `count` events each: shape (sum of count,).

    In school hours or in the evening, in bursts; gaps of exactly 30 minutes and of nothing at all occur.
    """
    is_evening = stream.random(len(count)) < evening
    hour = np.where(is_evening, stream.normal(19.3, 1.4, len(count)), stream.normal(11.2, 2.0, len(count)))
    start = (np.clip(hour, 0.0, 23.2) * HOUR).astype(np.int64)
    total = int(count.sum())
    draw = stream.random(total)
    gap = stream.exponential(75, total).astype(np.int64)
    gap = np.where(draw < 0.03, 1801 + stream.exponential(5400, total).astype(np.int64), gap)
    gap = np.where((draw >= 0.03) & (draw < 0.034), 1800, gap) * SECOND
    first = np.cumsum(count) - count
    gap[first] = 0
    passed = np.cumsum(gap)
    times: Ints = np.repeat(start - passed[first], count) + passed
    return times


def _scale(plan: Plan, people: People, busy: Floats) -> float:
    """The daily chance of somebody of eagerness 1, so that days and events of the plan fit together."""
    until = np.concatenate([np.zeros((len(busy), 1)), np.cumsum(busy, axis=1)], axis=1)
    left = np.minimum(people.left, plan.days + 1)
    school_days = until[people.school, left] - until[people.school, np.minimum(people.joined, left)]
    wanted = min(plan.events / EVENTS_A_DAY, 0.45 * float(school_days.sum()))
    return wanted / max(float((school_days * people.eagerness).sum()), 1.0) * 0.93


def _blocks(plan: Plan, active: Flags) -> list[tuple[int, int, int]]:
    """Cut the days into blocks [first, last) and give each its share of the events."""
    upto = np.concatenate([[0], np.cumsum(active.sum(axis=1))])
    quota = (upto * plan.events) // upto[-1]
    blocks, first = [], 0
    for day in range(1, len(quota)):
        if quota[day] - quota[first] >= BLOCK_EVENTS or day == len(quota) - 1:
            blocks.append((first, day, int(quota[day] - quota[first])))
            first = day
    return blocks


def _events(
    plan: Plan,
    people: People,
    catalogue: Catalogue,
    offsets: Ints,
    day: Ints,
    user: Ints,
    quota: int,
    stream: np.random.Generator,
) -> Events:
    count = _shares(stream, people.eagerness[user], quota)
    who, when = np.repeat(user, count), np.repeat(day, count)
    local = when * DAY + day_times(stream, people.evening[user], count)
    offset = offsets[people.school[who], local // HOUR]
    midnight = plan.now // DAY * DAY - (plan.days - 1) * DAY
    at = _before(plan.now, midnight + local - offset, stream)
    is_first = np.zeros(len(who), dtype=np.bool_)
    is_first[(np.cumsum(count) - count)[count > 0]] = True
    return events_at(people, catalogue, who, at, when / plan.days, is_first, plan.now, stream)


def events_at(
    people: People,
    catalogue: Catalogue,
    user: Ints,
    at: Ints,
    progress: Floats,
    is_first: Flags,
    now: int,
    stream: np.random.Generator,
) -> Events:
    """Return what `user` does at `at`; `progress` 0..1 is how far into the courses, `is_first` logs in."""
    total = len(user)
    kind = np.searchsorted(np.cumsum(SHARES)[:-1], stream.random(total), side="right")
    kind = np.where(is_first, 0, kind)
    course = catalogue.courses_of[user, stream.integers(0, COURSES_EACH, total)]
    reached = np.clip(progress * (0.5 + people.ability[user]) + stream.normal(0, 0.08, total), 0, 0.999)
    lesson = catalogue.lesson_first[course] + (reached * catalogue.lesson_count[course]).astype(np.int64)
    is_late = stream.random(total) < 0.02
    delay = np.where(is_late, stream.exponential(3 * DAY, total), stream.exponential(SECOND, total))
    return Events(
        user=user,
        lesson=np.where(HAS_LESSON[kind], lesson, -1),
        kind=kind,
        xp=LEAST_XP[kind] + 5 * stream.integers(0, XP_STEPS[kind]),
        at=at,
        arrived=np.maximum(np.minimum(at + np.minimum(delay, 21 * DAY).astype(np.int64), now), at),
        metadata=stream.integers(0, len(METADATA), total),
    )


def _shares(stream: np.random.Generator, eagerness: Floats, quota: int) -> Ints:
    """Share `quota` events among active days: at least one each, if there are enough, more for the eager."""
    days = len(eagerness)
    if quota < days:
        return (stream.permutation(days) < quota).astype(np.int64)
    weight = np.cumsum(stream.gamma(1.2, 1.0, days) * (0.5 + eagerness))
    upto = np.floor(weight / weight[-1] * (quota - days) + 1e-9).astype(np.int64) if days else weight
    upto[-1:] = quota - days
    return 1 + np.diff(upto, prepend=0).astype(np.int64)


def _before(now: int, at: Ints, stream: np.random.Generator) -> Ints:
    """Pull what would happen after `now` into the hours before it."""
    pulled: Ints = now - (stream.random(len(at)) * 6 * HOUR).astype(np.int64)
    return np.where(at > now, pulled, at)


def _with_gone_rows(
    events: Events, people: People, catalogue: Catalogue, stream: np.random.Generator
) -> Events:
    """Let some events belong to accounts and lessons that were deleted since: orphans."""
    draw = stream.random(len(events.user))
    draw[:6:2] = 0.0
    draw[1:6:2] = 0.0025
    ghosts = GHOST + stream.integers(0, max(3, people.count // 200), len(draw))
    lessons = GHOST + stream.integers(0, max(2, catalogue.lessons // 50), len(draw))
    return replace(
        events,
        user=np.where(draw < 0.002, ghosts, events.user),
        lesson=np.where((draw >= 0.002) & (draw < 0.004), lessons, events.lesson),
    )


def _with_future(events: Events, now: int, stream: np.random.Generator) -> Events:
    """Let a few events happen after as_of: clocks of tablets are wrong."""
    chosen = stream.choice(
        len(events.user), min(3 + len(events.user) // 20_000, len(events.user)), replace=False
    )
    at, arrived = events.at.copy(), events.arrived.copy()
    at[chosen] = now + stream.integers(60 * SECOND, 3 * DAY, len(chosen))
    arrived[chosen] = now
    return replace(events, at=at, arrived=arrived)


def _in_order(events: Events) -> Events:
    return events.pick(np.argsort(events.arrived, kind="stable"))
