"""A day's study: progress that moves, lessons begun, attempts made and attempts finished."""

import numpy as np
import polars as pl

from demo.catalogue import COURSES_EACH
from demo.load import Target
from demo.plan import Ints, random_stream, some_of
from demo.state import Platform
from demo.study import attempt_outcome

Counts = dict[str, int]


def change_study(target: Target, platform: Platform, active: Ints) -> tuple[Counts, Counts]:
    """Let `active` accounts study; return rows new and rows changed, by table."""
    stream = random_stream(target.seed, "study")
    known = _progress_of(target, platform, active)
    new = {
        "user_progress": _begin_lessons(target, platform, active, known, stream),
        "quiz_attempts": _attempt(target, platform, active, stream),
    }
    changed = {
        "user_progress": _go_on(target, platform, known, len(active), stream),
        "quiz_attempts": _finish_attempts(target, platform, active, stream),
    }
    return new, changed


def _progress_of(target: Target, platform: Platform, active: Ints) -> pl.DataFrame:
    target.stage("user_progress", pl.DataFrame({"user_id": platform.user_ids.gather(active)}))
    return target.query(
        "SELECT uuid_send(id) AS id, uuid_send(user_id) AS user_id, uuid_send(lesson_id) AS lesson_id, "
        "progress_percentage::float8 AS progress_percentage, time_spent_seconds, updated_at "
        "FROM user_progress JOIN changes USING (user_id) ORDER BY id"
    )


def _go_on(
    target: Target, platform: Platform, known: pl.DataFrame, active: int, stream: np.random.Generator
) -> int:
    """About one lesson for each active account moves on, in some cases to its end."""
    is_open = (pl.col("progress_percentage") < 100) & (pl.col("updated_at").dt.epoch("us") <= platform.start)
    rows = known.filter(is_open)
    rows = rows[some_of(stream, rows.height, active)]
    percentage = np.round(rows["progress_percentage"].to_numpy() + 1 + stream.random(rows.height) * 60, 2)
    moment = _moments(platform, rows.height, stream)
    done = pl.Series(np.where(percentage >= 100, moment, -1)).replace(-1, None)
    changes = rows.select("id").with_columns(
        progress_percentage=pl.Series(np.minimum(percentage, 100.0)),
        time_spent_seconds=rows["time_spent_seconds"] + 300,
        completed_at=done,
        updated_at=pl.Series(moment),
    )
    return target.update("user_progress", changes)


def _begin_lessons(
    target: Target, platform: Platform, active: Ints, known: pl.DataFrame, stream: np.random.Generator
) -> int:
    """Half of the active accounts begin a lesson of their courses that they had not opened."""
    user = active[stream.random(len(active)) < 0.5]
    catalogue = platform.catalogue
    course = catalogue.courses_of[user, stream.integers(0, COURSES_EACH, len(user))]
    lesson = catalogue.lesson_first[course] + stream.integers(0, catalogue.lesson_count[course])
    ids = {"user_id": platform.user_ids.gather(user), "lesson_id": platform.lesson_ids.gather(lesson)}
    rows = pl.DataFrame(ids).join(known, on=["user_id", "lesson_id"], how="anti", maintain_order="left")
    moment = _moments(platform, rows.height, stream)
    is_done = stream.random(rows.height) < 0.3
    percentage = np.where(is_done, 100.0, np.round(stream.random(rows.height) * 99, 2))
    frame = rows.with_columns(
        id=pl.int_range(pl.len()),
        progress_percentage=pl.Series(percentage),
        time_spent_seconds=pl.lit(240),
        completed_at=pl.Series(np.where(is_done, moment, -1)).replace(-1, None),
        created_at=pl.Series(moment),
        updated_at=pl.Series(moment),
    )
    return target.append("user_progress", frame)


def _attempt(target: Target, platform: Platform, active: Ints, stream: np.random.Generator) -> int:
    """A third of the active accounts try a quiz of their courses."""
    catalogue = platform.catalogue
    user = active[stream.random(len(active)) < 0.35]
    course = catalogue.courses_of[user, stream.integers(0, COURSES_EACH, len(user))]
    user, course = user[catalogue.quiz_count[course] > 0], course[catalogue.quiz_count[course] > 0]
    quiz = catalogue.quiz_first[course] + stream.integers(0, catalogue.quiz_count[course])
    started = _moments(platform, len(user), stream)
    frame = pl.DataFrame(
        {
            "id": np.arange(len(user)),
            "quiz_id": platform.quiz_ids.gather(quiz),
            "user_id": platform.user_ids.gather(user),
            "started_at": started,
            **attempt_outcome(platform.people.ability[user], started, platform.end, stream),
        }
    )
    return target.append("quiz_attempts", frame)


def _finish_attempts(target: Target, platform: Platform, active: Ints, stream: np.random.Generator) -> int:
    """Half of the attempts that active accounts left open are completed today."""
    target.stage("quiz_attempts", pl.DataFrame({"user_id": platform.user_ids.gather(active)}))
    left_open = target.query(
        "SELECT uuid_send(id) AS id, started_at FROM quiz_attempts JOIN changes USING (user_id) "
        "WHERE completed_at IS NULL AND score IS NULL ORDER BY id"
    ).filter(pl.col("started_at").dt.epoch("us") <= platform.start)
    rows = left_open.filter(pl.Series(stream.random(left_open.height) < 0.5)).select("id")
    moment = _moments(platform, rows.height, stream)
    score = np.round(stream.random(rows.height) * 20) * 5
    changes = rows.with_columns(
        score=pl.Series(score), completed_at=pl.Series(moment), updated_at=pl.Series(moment)
    )
    return target.update("quiz_attempts", changes)


def _moments(platform: Platform, count: int, stream: np.random.Generator) -> Ints:
    passed: Ints = (stream.random(count) * (platform.end - platform.start)).astype(np.int64)
    return platform.start + 1 + passed
