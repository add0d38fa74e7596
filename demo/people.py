"""Everybody with an account: who they are, when they came, how they study and when they gave up."""

from dataclasses import dataclass, fields, replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from demo.names import new_names
from demo.places import Schools
from demo.plan import DAY, HOUR, Flags, Floats, Ints, Plan, some_of

GHOST = 10**9  # numbers from here on are references to rows that are gone
NEVER = 10**6  # a day that never comes
ROLES = ("STUDENT", "TEACHER", "ADMIN")
STUDENT, TEACHER, ADMIN = range(3)


@dataclass(frozen=True)
class People:
    """One entry per account: learners first, then teachers, then administrators (the last is everywhere's).

    `school` counts from 0, with Schools.count for none; `joined`/`left` are days of the plan (`left` is NEVER
    for who stays); `eagerness`, `ability` and `evening` are 0..1 and drive everything that somebody does.
    """

    learners: int
    role: Ints
    school: Ints
    joined: Ints
    left: Ints
    created: Ints
    eagerness: Floats
    ability: Floats
    evening: Floats
    streaker: Flags
    never_started: Flags

    @property
    def count(self) -> int:
        """How many accounts there are."""
        return len(self.role)


def join(first: People, second: People) -> People:
    """Return the accounts of both, those of `second` at the end; `learners` stays that of `first`."""
    names = {field.name for field in fields(People)} - {"learners"}
    columns: dict[str, Any] = {
        name: np.concatenate([getattr(first, name), getattr(second, name)]) for name in names
    }
    return replace(first, **columns)


def people_of(plan: Plan, schools: Schools) -> People:
    """Return the accounts of a plan; who drops out is drawn here and nowhere else."""
    stream = plan.stream("people")
    school = np.concatenate([_learner_schools(plan, schools, stream), _staff_schools(plan, schools)])
    role = _roles(plan, schools, len(school))
    count, is_staff = len(school), role != STUDENT
    first = np.arange(count)  # the first comes every day, the second never, the third gives up
    is_early = is_staff | (stream.random(count) < 0.7) | (first < 3)
    joined = np.where(is_early, 0, (stream.random(count) * 0.85 * plan.days).astype(np.int64))
    stay = np.where(first == 2, plan.days // 2, stream.integers(3, max(plan.days, 4), count))
    drops = (~is_staff & (stream.random(count) < 0.22) & (first > 1)) | (first == 2)
    before = np.where(is_early, stream.integers(1, 60 * DAY, count), 0)
    midnight = plan.now // DAY * DAY - (plan.days - 1 - joined) * DAY
    return People(
        learners=plan.learners,
        role=role,
        school=school,
        joined=joined,
        left=np.where(drops & (joined + stay < plan.days), joined + stay, NEVER),
        # Before the local day of joining begins anywhere: nobody acts before having an account.
        created=midnight - 14 * HOUR - before,
        eagerness=np.clip(stream.gamma(2.5, 0.4, count), 0.05, 4.0) * np.where(is_staff, 0.5, 1.0),
        ability=stream.beta(4.0, 2.2, count),
        evening=stream.beta(1.2, 1.2, count),
        streaker=(stream.random(count) < 0.03) | (first == 0),
        never_started=(stream.random(count) < np.where(is_staff | (first == 0), 0.0, 0.03)) | (first == 1),
    )


def user_rows(plan: Plan, people: People, last_seen: Ints) -> pl.DataFrame:
    """Return the rows of `users`; `last_seen` is each account's newest event, or negative for none."""
    stream = plan.stream("users")
    last_login = pl.Series(last_seen).replace(-1, None)
    profile = np.minimum(people.created + stream.integers(0, 30 * DAY, people.count), plan.now)
    rows = pl.DataFrame(
        {
            "id": np.arange(people.count),
            "school_id": _school_references(people, stream),
            **_names(people, stream),
            "role": np.array(ROLES)[people.role],
            "is_active": stream.random(people.count) >= np.where(people.role == STUDENT, 0.03, 0.01),
            "birth_date": birth_dates(plan, people, stream),
            "leaderboard_opt_out": stream.random(people.count) < 0.04,
            "last_login": last_login,
            "created_at": people.created,
            "updated_at": np.maximum(profile, last_seen),
        }
    )
    return _with_heartbeat(rows, plan.now)


def _with_heartbeat(rows: pl.DataFrame, now: int) -> pl.DataFrame:
    """The platform administrator is at work at as_of, which tells `append_day` where a day begins."""
    is_last = pl.col("id") == rows.height - 1
    return rows.with_columns(
        pl.when(is_last).then(True).otherwise("is_active").alias("is_active"),
        pl.when(is_last).then(now).otherwise("last_login").alias("last_login"),
        pl.when(is_last).then(now).otherwise("updated_at").alias("updated_at"),
    )


def birth_dates(plan: Plan, people: People, stream: np.random.Generator) -> pl.Series:
    """Return dates of birth: learners of 8 to 19, birthdays around as_of and leap days, some unknown."""
    today = plan.as_of.date()
    years = np.where(people.role == STUDENT, stream.integers(8, 20, people.count), 30)
    days = (years * 365.25).astype(np.int64) + stream.integers(0, 365, people.count)
    dates: list[date | None] = [today - timedelta(days=int(age)) for age in days]
    learners = stream.permutation(people.learners)
    for turn, age in enumerate((13, 14, 15, 16)):
        dates[learners[turn * 3]] = birthday(today, age, 0)
        dates[learners[turn * 3 + 1]] = birthday(today, age, 1)
        dates[learners[turn * 3 + 2]] = birthday(today, age, -1)
    for leap, learner in zip((2008, 2012, 2016), learners[12:15], strict=True):
        dates[learner] = date(leap, 2, 29)
    for learner in learners[15 : 16 + people.learners // 20]:
        dates[learner] = None
    return pl.Series(dates, dtype=pl.Date)


def birthday(today: date, age: int, shift: int) -> date:
    """Return the birth date of somebody who turns `age` `shift` days from today."""
    day = today + timedelta(days=shift)
    return date(day.year - age, day.month, min(day.day, 28) if day.month == 2 else day.day)


def _names(people: People, stream: np.random.Generator) -> dict[str, pl.Series]:
    columns = {name: pl.Series(values) for name, values in new_names(stream, np.arange(people.count)).items()}
    nameless = some_of(stream, people.count, 1 + people.count // 200)
    for name in ("first_name", "last_name"):
        columns[name] = columns[name].scatter(nameless, [None] * len(nameless))
    return columns


def _learner_schools(plan: Plan, schools: Schools, stream: np.random.Generator) -> Ints:
    weights = np.array([place.weight for place in schools.places] + [4.0])
    drawn = stream.choice(schools.count + 1, plan.learners, p=weights / weights.sum())
    # At least one class of eight in the first school, one learner in each other, two without.
    drawn[:9] = 0
    drawn[-1] = schools.count
    others = np.arange(1, min(schools.count + 1, plan.learners - 8))
    drawn[9 : 9 + len(others)] = others[::-1]
    return drawn.astype(np.int64)


def _staff_schools(plan: Plan, schools: Schools) -> Ints:
    teachers = max(1, plan.learners // schools.count // 25)
    everywhere = np.arange(schools.count + 1)
    return np.concatenate([np.tile(everywhere, teachers), everywhere])


def _roles(plan: Plan, schools: Schools, count: int) -> npt.NDArray[np.int64]:
    role = np.full(count, TEACHER, dtype=np.int64)
    role[: plan.learners] = STUDENT
    role[count - schools.count - 1 :] = ADMIN
    return role


def _school_references(people: People, stream: np.random.Generator) -> Ints:
    """The number of each account's school, -1 for none, and a school that is gone for very few."""
    nobody = people.school.max()
    reference = np.where(people.school == nobody, -1, people.school)
    homeless = np.flatnonzero(people.school == nobody)
    homeless = homeless[homeless < people.learners]
    reference[homeless[stream.random(len(homeless)) < 0.2]] = GHOST
    reference[homeless[:1]] = GHOST
    reference[homeless[1:2]] = -1
    return reference
