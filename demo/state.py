"""A platform as its tables have it: what the next day is made from."""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from demo.catalogue import COURSES_EACH, Catalogue
from demo.load import Target
from demo.people import NEVER, ROLES, People, join
from demo.places import known_zone, zone_offsets
from demo.plan import DAY, Ints, moment_of
from demo.server import DemoError


@dataclass(frozen=True)
class Platform:
    """Accounts, lessons and quizzes by number, with the UUIDs (16 bytes) that the numbers stand for.

    `recent` counts each account's events in the two weeks before `start`, `offsets` is local time minus UTC
    per school and local hour from the UTC date of `start` on; both in microseconds, as everywhere.
    """

    start: int
    end: int
    people: People
    catalogue: Catalogue
    user_ids: pl.Series
    school_ids: pl.Series
    lesson_ids: pl.Series
    quiz_ids: pl.Series
    offsets: Ints
    recent: Ints


def read_platform(target: Target, start: int, end: int, stream: np.random.Generator) -> Platform:
    """Read what is there at `start`; what the tables do not say, such as ability, is drawn anew."""
    users = _users(target)
    zones, school_ids = _schools(target)
    lessons = _lessons(target)
    if lessons.is_empty():
        raise DemoError("there are no lessons: generate a platform before its next day")
    quizzes = _quizzes(target, lessons)
    catalogue = _catalogue(target, users, lessons, quizzes, stream)
    return Platform(
        start=start,
        end=end,
        people=_people(users, school_ids, stream),
        catalogue=catalogue,
        user_ids=users["id"],
        school_ids=school_ids,
        lesson_ids=lessons["id"],
        quiz_ids=quizzes["id"],
        offsets=zone_offsets([*zones, "UTC"], moment_of(start - DAY).date(), (end - start) // DAY + 4),
        recent=_recent(target, users, start),
    )


def newest_moment(target: Target) -> int:
    """Return when the platform was last at work: the newest change of an account."""
    newest = target.query("SELECT max(updated_at) AS newest FROM users")["newest"].dt.epoch("us").item()
    if newest is None:
        raise DemoError("table users is empty: generate a platform before its next day")
    return int(newest)


def with_people(platform: Platform, added: People, ids: pl.Series) -> Platform:
    """Return the platform with more accounts at the end."""
    courses = platform.catalogue.courses_of
    theirs = courses[np.arange(added.count) % len(courses)]
    return replace(
        platform,
        people=join(platform.people, added),
        catalogue=replace(platform.catalogue, courses_of=np.concatenate([courses, theirs])),
        user_ids=pl.concat([platform.user_ids, ids]),
        recent=np.concatenate([platform.recent, np.zeros(added.count, dtype=np.int64)]),
    )


def positions(ids: pl.Series, of: pl.Series) -> Ints:
    """Return where each of `ids` is in `of`, -1 where it is not."""
    numbered = pl.DataFrame({"id": of, "position": np.arange(len(of))})
    found = pl.DataFrame({"id": ids}).join(numbered, on="id", how="left", maintain_order="left")
    return found["position"].fill_null(-1).to_numpy().astype(np.int64)


def _users(target: Target) -> pl.DataFrame:
    school = "uuid_send(school_id)" if "school_id" in target.columns["users"] else "NULL::bytea"
    return target.query(
        f"SELECT uuid_send(id) AS id, {school} AS school_id, role::text AS role, is_active, created_at "  # noqa: S608
        "FROM users ORDER BY id"
    )


def _schools(target: Target) -> tuple[list[str], pl.Series]:
    if "schools" not in target.columns:
        return [], pl.Series("id", [], dtype=pl.Binary)
    rows = target.query("SELECT uuid_send(id) AS id, timezone FROM schools ORDER BY id")
    return [known_zone(zone) for zone in rows["timezone"]], rows["id"]


def _lessons(target: Target) -> pl.DataFrame:
    return target.query(
        "SELECT uuid_send(id) AS id, uuid_send(course_id) AS course_id FROM lessons "
        "ORDER BY course_id, position, id"
    )


def _quizzes(target: Target, lessons: pl.DataFrame) -> pl.DataFrame:
    """Quizzes by course, those without one last."""
    rows = target.query(
        "SELECT uuid_send(id) AS id, uuid_send(lesson_id) AS lesson_id FROM quizzes ORDER BY id"
    )
    lesson = lessons.select(lesson_id="id", course_id="course_id", nth=pl.int_range(pl.len()))
    return rows.join(lesson, on="lesson_id", how="left").sort("nth", "id", nulls_last=True)


def _catalogue(
    target: Target,
    users: pl.DataFrame,
    lessons: pl.DataFrame,
    quizzes: pl.DataFrame,
    stream: np.random.Generator,
) -> Catalogue:
    taught = lessons.group_by("course_id", maintain_order=True).len()
    asked = taught.select("course_id").join(
        quizzes.group_by("course_id").len(), on="course_id", how="left", maintain_order="left"
    )
    lesson_count = taught["len"].to_numpy().astype(np.int64)
    quiz_count = asked["len"].fill_null(0).to_numpy().astype(np.int64)
    return Catalogue(
        lesson_first=np.cumsum(lesson_count) - lesson_count,
        lesson_count=lesson_count,
        quiz_first=np.cumsum(quiz_count) - quiz_count,
        quiz_count=quiz_count,
        loose_quizzes=np.arange(quiz_count.sum(), quizzes.height),
        courses_of=_courses_of(target, users, taught["course_id"], stream),
    )


def _courses_of(target: Target, users: pl.DataFrame, courses: pl.Series, stream: np.random.Generator) -> Ints:
    """Up to three courses of everybody's classes; who has fewer looks into others."""
    rows = target.query(
        "SELECT uuid_send(e.student_id) AS student, uuid_send(c.course_id) AS course "
        "FROM class_enrollments e JOIN classes c ON c.id = e.class_id ORDER BY e.student_id, e.class_id"
    )
    taken = pl.DataFrame(
        {"user": positions(rows["student"], users["id"]), "course": positions(rows["course"], courses)}
    ).filter(pl.col("user") >= 0, pl.col("course") >= 0)
    taken = taken.with_columns(slot=pl.int_range(pl.len()).over("user")).filter(pl.col("slot") < COURSES_EACH)
    chosen = (stream.integers(0, len(courses), users.height)[:, None] + np.arange(COURSES_EACH)) % len(
        courses
    )
    chosen[taken["user"].to_numpy(), taken["slot"].to_numpy()] = taken["course"].to_numpy()
    return chosen


def _people(users: pl.DataFrame, school_ids: pl.Series, stream: np.random.Generator) -> People:
    count = users.height
    school = positions(users["school_id"], school_ids)
    role = users["role"].replace_strict(list(ROLES), [0, 1, 2]).to_numpy().astype(np.int64)
    return People(
        learners=int((role == 0).sum()),
        role=role,
        school=np.where(school < 0, len(school_ids), school),
        joined=np.zeros(count, dtype=np.int64),
        left=np.where(users["is_active"].to_numpy(), NEVER, 0),
        created=users["created_at"].dt.epoch("us").to_numpy().astype(np.int64),
        eagerness=np.ones(count),
        ability=stream.beta(4.0, 2.2, count),
        evening=stream.beta(1.2, 1.2, count),
        streaker=np.zeros(count, dtype=np.bool_),
        never_started=np.zeros(count, dtype=np.bool_),
    )


def _recent(target: Target, users: pl.DataFrame, start: int) -> Ints:
    rows = target.query(
        "SELECT uuid_send(user_id) AS id, count(*) AS events FROM analytics "
        "WHERE created_at > $1 AND created_at <= $2 GROUP BY 1",
        moment_of(start - 14 * DAY),
        moment_of(start),
    )
    found = users.join(rows, on="id", how="left", maintain_order="left")
    return found["events"].fill_null(0).to_numpy().astype(np.int64)
