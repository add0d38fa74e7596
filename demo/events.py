"""Events: what somebody does in one sitting, and when in the day."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import polars as pl

from demo.catalogue import COURSES_EACH, Catalogue
from demo.people import People
from demo.plan import DAY, HOUR, SECOND, Flags, Floats, Ints

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


def join(first: Events, second: Events) -> Events:
    """Return the events of both."""
    columns = {name: np.concatenate([column, vars(second)[name]]) for name, column in vars(first).items()}
    return replace(first, **columns)


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
