"""Fill an empty operational database with a believable learning platform, reproducibly and in bulk."""

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import polars as pl

from demo.activity import active_days, event_blocks
from demo.catalogue import (
    Catalogue,
    catalogue_of,
    content_rows,
    course_rows,
    lesson_rows,
    quiz_rows,
    school_rows,
)
from demo.classes import class_rows, enrolment_rows
from demo.compliance import consent_rows, incident_rows, request_rows
from demo.day import DayReport, append_day
from demo.events import Events
from demo.leaders import leaderboard_rows
from demo.load import Target, finish, open_target, require_empty, without_indexes
from demo.people import GHOST, NEVER, People, people_of, user_rows
from demo.places import Schools, schools_of
from demo.plan import Flags, Ints, Plan, uuids
from demo.study import attempt_rows, diary_of, progress_rows

__all__ = ["DayReport", "Generated", "append_day", "dropouts", "generate", "no_shows"]


@dataclass(frozen=True)
class Generated:
    """What was made: rows by table, seen from `as_of` (UTC)."""

    as_of: datetime
    rows: dict[str, int]


@dataclass
class Tally:
    """Running totals per account while the events go by: XP, newest event (-1 for none), events in all."""

    xp: Ints
    newest: Ints
    events: int = 0

    def add(self, events: Events, now: int) -> None:
        """Count the events that have happened and whose account exists."""
        known = (events.user < GHOST) & (events.at <= now)
        np.add.at(self.xp, events.user[known], events.xp[known])
        np.maximum.at(self.newest, events.user[known], events.at[known])
        self.events += len(events.user)


def generate(
    url: str, *, learners: int, events: int, days: int, seed: int, as_of: datetime | None = None
) -> Generated:
    """Fill an empty database that has the operational schema, whole or without its optional parts.

    Equal arguments make equal rows, UUIDs included; `as_of` is now unless given, and everything happened in
    the `days` before it. Nothing is left behind on failure. Raises DemoError when a table is missing or not
    empty, or a number is too small.
    """
    plan = Plan(learners, events, days, seed, as_of or datetime.now(UTC))
    with open_target(url, seed) as target:
        require_empty(target)
        rows = _fill(target, plan)
    finish(url)
    return Generated(plan.as_of, rows)


def dropouts(plan: Plan) -> pl.DataFrame:
    """Return who gave up in a generated platform: user_id (UUID text) and dropped_out_date, one row each.

    The date is the first local one on which the learner no longer came; a session begun the evening before
    may run past its midnight. Who left before ever coming has given up nothing.
    """
    schools = schools_of(plan)
    people = people_of(plan, schools)
    has_come = active_days(plan, schools, people).any(axis=0)
    gone = np.flatnonzero((people.left < NEVER) & has_come)
    dates = pl.Series("dropped_out_date", people.left[gone]) * pl.duration(days=1)
    return pl.DataFrame([_user_ids(plan, gone)]).with_columns(dropped_out_date=plan.first_date + dates)


def no_shows(plan: Plan) -> pl.Series:
    """Return who has an account in a generated platform and never comes: user_id (UUID text)."""
    people = people_of(plan, schools_of(plan))
    return _user_ids(plan, np.flatnonzero(people.never_started))


def _user_ids(plan: Plan, users: Ints) -> pl.Series:
    octets = uuids(plan.seed, "users", users)
    text = pl.Series("user_id", [bytes(row).hex() for row in octets], dtype=pl.String)
    return text.str.replace(r"^(.{8})(.{4})(.{4})(.{4})(.{12})$", "$1-$2-$3-$4-$5")


def _fill(target: Target, plan: Plan) -> dict[str, int]:
    schools = schools_of(plan)
    people = people_of(plan, schools)
    catalogue = catalogue_of(plan, people)
    active = active_days(plan, schools, people)
    tally = _load_events(target, plan, schools, people, catalogue, active)
    rows = {
        **_load_catalogue(target, plan, schools, people, catalogue),
        **_load_study(target, plan, people, catalogue, active),
        "users": target.append("users", user_rows(plan, people, tally.newest)),
        "analytics": tally.events,
        "leaderboard": target.append(
            "leaderboard",
            leaderboard_rows(plan, tally.xp[: plan.learners], tally.newest[: plan.learners]),
        ),
        "consents": target.append("consents", consent_rows(plan, people)),
        "data_subject_requests": target.append(
            "data_subject_requests", request_rows(plan, people, schools.count)
        ),
        "security_incidents": target.append("security_incidents", incident_rows(plan)),
    }
    return {table: rows[table] for table in target.columns}


def _load_events(
    target: Target, plan: Plan, schools: Schools, people: People, catalogue: Catalogue, active: Flags
) -> Tally:
    tally = Tally(np.zeros(people.count, dtype=np.int64), np.full(people.count, -1, dtype=np.int64))
    with without_indexes(target, "analytics"):
        for block in event_blocks(plan, schools, people, catalogue, active):
            target.append("analytics", block.rows(first_id=tally.events + 1))
            tally.add(block, plan.now)
    target.execute(f"SELECT setval(pg_get_serial_sequence('analytics', 'id'), {tally.events})")
    return tally


def _load_catalogue(
    target: Target, plan: Plan, schools: Schools, people: People, catalogue: Catalogue
) -> dict[str, int]:
    enrolments = enrolment_rows(plan, people, catalogue)
    frames = {
        "schools": school_rows(plan, schools),
        "courses": course_rows(plan),
        "lessons": lesson_rows(plan, catalogue),
        "contents": content_rows(plan, catalogue),
        "quizzes": quiz_rows(plan, catalogue),
        "classes": class_rows(plan, schools, people, enrolments),
        "class_enrollments": enrolments,
    }
    return {table: target.append(table, frame) for table, frame in frames.items()}


def _load_study(
    target: Target, plan: Plan, people: People, catalogue: Catalogue, active: Flags
) -> dict[str, int]:
    diary = diary_of(active)
    progress = progress_rows(plan, people, catalogue, diary)
    attempts = attempt_rows(plan, people, catalogue, diary)
    return {
        "user_progress": target.append("user_progress", progress),
        "quiz_attempts": target.append("quiz_attempts", attempts),
    }
