"""What learners achieve: progress in lessons and attempts at quizzes, made on days they are active."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from demo.catalogue import COURSES_EACH, Catalogue
from demo.people import GHOST, People
from demo.plan import DAY, HOUR, SECOND, Flags, Floats, Ints, Plan, some_of

ATTEMPTS_EACH = 17


@dataclass(frozen=True)
class Diary:
    """Everybody's active days one after another: those of user u start at `first[u]`, `count[u]` of them."""

    days: Ints
    first: Ints
    count: Ints


def diary_of(active: Flags) -> Diary:
    """Turn the flags of `active_days` into lists of days per account."""
    _, days = np.nonzero(active.T)
    count = active.sum(axis=0).astype(np.int64)
    return Diary(days=days.astype(np.int64), first=np.cumsum(count) - count, count=count)


def progress_rows(plan: Plan, people: People, catalogue: Catalogue, diary: Diary) -> pl.DataFrame:
    """Return the rows of `user_progress`: about 40 for a learner who stayed, fewer for others."""
    stream = plan.stream("progress")
    available = catalogue.lesson_count[catalogue.courses_of[: people.learners]].sum(axis=1)
    stayed = _persistence(plan, people)
    coverage = np.clip(stayed * (0.72 + 0.35 * people.ability[: people.learners]), 0, 1)
    coverage[stream.random(people.learners) < 0.04] = 1.0
    wanted = np.where(diary.count[: people.learners] > 0, np.ceil(available * coverage), 0).astype(np.int64)
    user, nth = _repeat(wanted)
    lesson = _interleaved_lesson(catalogue, user, nth)
    keep = lesson >= 0
    user, lesson, fraction = user[keep], lesson[keep], ((nth + 1) / (wanted[user] + 1))[keep]
    begun = _moment(plan, diary, user, fraction, stream)
    is_done = stream.random(len(user)) < np.where(fraction > 0.85, 0.4, 0.55 + 0.4 * people.ability[user])
    done = np.minimum(begun + (stream.exponential(0.6, len(user)) * DAY).astype(np.int64), plan.now)
    touched = np.where(stream.random(len(user)) < 0.2, done + (stream.random(len(user)) * 9 * DAY), done)
    percentage = np.where(is_done, 100.0, np.round(stream.random(len(user)) * 99.99, 2))
    rows = pl.DataFrame(
        {
            "id": np.arange(len(user)),
            "user_id": user,
            "lesson_id": lesson,
            "progress_percentage": percentage,
            "time_spent_seconds": (percentage * stream.gamma(4.0, 3.0, len(user))).astype(np.int64),
            "completed_at": pl.Series(np.where(is_done, done, -1)).replace(-1, None),
            "created_at": begun,
            "updated_at": np.minimum(touched, plan.now).astype(np.int64),
        }
    )
    return _with_odd_progress(rows, plan, people, catalogue, stream)


def attempt_rows(plan: Plan, people: People, catalogue: Catalogue, diary: Diary) -> pl.DataFrame:
    """Return the rows of `quiz_attempts`: 10 to 20 for a learner who stayed, repeats included."""
    stream = plan.stream("attempts")
    wanted = stream.poisson(ATTEMPTS_EACH * np.clip(_persistence(plan, people), 0.15, 1))
    wanted = np.where(diary.count[: people.learners] > 0, wanted, 0)
    user, nth = _repeat(wanted)
    fraction = (nth + 1) / (wanted[user] + 1)
    course = catalogue.courses_of[user, stream.integers(0, COURSES_EACH, len(user))]
    quiz = catalogue.quiz_first[course] + (fraction * catalogue.quiz_count[course]).astype(np.int64)
    is_loose = stream.random(len(user)) < 0.03
    quiz = np.where(is_loose, stream.choice(catalogue.loose_quizzes, len(user)), quiz)
    started = _moment(plan, diary, user, fraction, stream)
    rows = pl.DataFrame(
        {
            "id": np.arange(len(user)),
            "quiz_id": quiz,
            "user_id": user,
            "started_at": started,
            **attempt_outcome(people.ability[user], started, plan.now, stream),
        }
    )
    return _with_odd_attempts(rows, plan, people, catalogue, stream)


def attempt_outcome(
    ability: Floats, started: Ints, now: int, stream: np.random.Generator
) -> dict[str, pl.Series]:
    """Return score, completed_at and updated_at of attempts; some are still open, some never finished."""
    count = len(started)
    completed = started + stream.integers(60, 2400, count) * SECOND
    is_open = (stream.random(count) < 0.07) | (completed > now)
    # In steps of five: exactly the pass score and ties are common.
    score = np.clip(np.round((ability * 85 + stream.normal(12, 14, count)) / 5) * 5, 0, 100)
    score = np.where(stream.random(count) < 0.2, np.clip(score - 0.01, 0, 100), score)
    return {
        "score": pl.Series(np.where(is_open, np.nan, score)).fill_nan(None),
        "completed_at": pl.Series(np.where(is_open, -1, completed)).replace(-1, None),
        "updated_at": pl.Series(np.where(is_open, started, completed)),
    }


def _persistence(plan: Plan, people: People) -> Floats:
    """The share of the plan's days during which a learner was there, 0..1."""
    joined, left = people.joined[: people.learners], people.left[: people.learners]
    share: Floats = (np.minimum(left, plan.days) - joined) / plan.days
    return share


def _repeat(wanted: Ints) -> tuple[Ints, Ints]:
    """Return the owner and the running number, from 0, of each of `wanted` rows per owner."""
    owner = np.repeat(np.arange(len(wanted)), wanted)
    return owner, np.arange(len(owner)) - np.repeat(np.cumsum(wanted) - wanted, wanted)


def _interleaved_lesson(catalogue: Catalogue, user: Ints, nth: Ints) -> Ints:
    """The nth lesson of a learner, who takes the three courses side by side; -1 past the end of one."""
    course = catalogue.courses_of[user, nth % COURSES_EACH]
    position = nth // COURSES_EACH
    return np.where(position < catalogue.lesson_count[course], catalogue.lesson_first[course] + position, -1)


def _moment(plan: Plan, diary: Diary, user: Ints, fraction: Floats, stream: np.random.Generator) -> Ints:
    """A moment on the active day of `user` that lies `fraction` of the way through all of them."""
    day = diary.days[diary.first[user] + (fraction * diary.count[user]).astype(np.int64)]
    midnight = plan.now // DAY * DAY - (plan.days - 1 - day) * DAY
    moment = midnight + (stream.random(len(user)) * 18 * HOUR).astype(np.int64)
    return np.minimum(moment, plan.now - (stream.random(len(user)) * 3 * HOUR).astype(np.int64))


def _with_odd_progress(
    rows: pl.DataFrame, plan: Plan, people: People, catalogue: Catalogue, stream: np.random.Generator
) -> pl.DataFrame:
    """Add what should not be: owners and lessons that are gone, the future, completion without a date."""
    few = 2 + rows.height // 2000
    picks = np.split(some_of(stream, rows.height, 4 * few), [few, 2 * few, 3 * few])
    ghosts = GHOST + stream.integers(0, max(3, people.count // 200), len(picks[0]))
    lessons = GHOST + stream.integers(0, max(2, catalogue.lessons // 50), len(picks[1]))
    later = plan.now + stream.integers(HOUR, 2 * DAY, len(picks[2]))
    changed = rows.with_columns(
        rows["user_id"].scatter(picks[0], ghosts),
        rows["lesson_id"].scatter(picks[1], lessons),
        rows["updated_at"].scatter(picks[2], later),
        rows["completed_at"].scatter(picks[3], [None] * len(picks[3])),
    )
    return changed.unique(["user_id", "lesson_id"], keep="first", maintain_order=True)


def _with_odd_attempts(
    rows: pl.DataFrame, plan: Plan, people: People, catalogue: Catalogue, stream: np.random.Generator
) -> pl.DataFrame:
    """Add what should not be: gone owners and quizzes, the future, a score without a date and the reverse."""
    few = 2 + rows.height // 2000
    picks = np.split(some_of(stream, rows.height, 6 * few), [few * part for part in range(1, 6)])
    ghosts = GHOST + stream.integers(0, max(3, people.count // 200), len(picks[0]))
    gone = GHOST + stream.integers(0, max(2, catalogue.quizzes // 50), len(picks[1]))
    later = plan.now + stream.integers(HOUR, 2 * DAY, len(picks[2]))
    columns = ("quiz_id", "user_id", "started_at", "completed_at")
    # The same attempt twice, but for the score: which one was first is up to the ids.
    twins = {name: rows[name].gather(picks[5] - 1) for name in columns}
    alike = rows.with_columns(rows[name].scatter(picks[5], values) for name, values in twins.items())
    return alike.with_columns(
        alike["user_id"].scatter(picks[0], ghosts),
        alike["quiz_id"].scatter(picks[1], gone),
        alike["score"].scatter(picks[3], [None] * len(picks[3])),
        alike["completed_at"].scatter(picks[2], later).scatter(picks[4], [None] * len(picks[4])),
    )
