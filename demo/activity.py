"""The activity stream: who is active on which day, and what they do there."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from demo.catalogue import Catalogue
from demo.events import Events, day_times, events_at, join
from demo.people import GHOST, NEVER, People
from demo.places import Schools, term_factor, zone_offsets
from demo.plan import DAY, HOUR, SECOND, Flags, Floats, Ints, Plan

EVENTS_A_DAY = 4.5  # of somebody who is active on it, wherever the plan leaves the choice
BLOCK_EVENTS = 1_500_000


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
