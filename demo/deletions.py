"""A day's hard deletes: single rows, and now and then a whole account, with its rows or without."""

import numpy as np
import polars as pl

from demo.load import Target
from demo.people import STUDENT
from demo.plan import Ints, random_stream, some_of
from demo.state import Platform

LEAST_LEARNERS = 15  # below which nobody's account is deleted any more
OWNED = {
    "analytics": "user_id",
    "user_progress": "user_id",
    "quiz_attempts": "user_id",
    "class_enrollments": "student_id",
    "leaderboard": "user_id",
    "consents": "user_id",
}
ENROLMENT_KEY = ("class_id", "student_id")
Counts = dict[str, int]


def delete_rows(target: Target, platform: Platform, active: Ints, events: int, departures: bool) -> Counts:
    """Delete some rows of every kind, after a day of `events` events; return how many by table.

    `active` accounts stay, and all of them without `departures`.
    """
    stream = random_stream(target.seed, "deletions")
    few = 3 + events // 500
    deleted = {
        "analytics": _delete_events(target, events, stream),
        "user_progress": _delete_some(target, "user_progress", ("id",), few, stream),
        "quiz_attempts": _delete_some(target, "quiz_attempts", ("id",), few, stream),
        "class_enrollments": _delete_some(target, "class_enrollments", ENROLMENT_KEY, few, stream),
    }
    return _delete_account(target, platform, active, deleted, stream) if departures else deleted


def _delete_events(target: Target, events: int, stream: np.random.Generator) -> int:
    """Delete events by number, anywhere in the past."""
    newest = int(target.query("SELECT max(id) AS id FROM analytics").item())
    wanted = max(8, events // 140)
    return target.delete("analytics", pl.DataFrame({"id": some_of(stream, newest, wanted) + 1}))


def _delete_some(
    target: Target, table: str, keys: tuple[str, ...], wanted: int, stream: np.random.Generator
) -> int:
    """Delete the rows that follow `wanted` random keys: as good as random, and no table has to be read."""
    octets = stream.integers(0, 256, (len(keys), wanted, 16), dtype=np.uint8)
    marks = {name: [bytes(row) for row in column] for name, column in zip(keys, octets, strict=True)}
    target.stage(table, pl.DataFrame(marks))
    listed, mark = ", ".join(keys), ", ".join(f"changes.{name}" for name in keys)
    sent = ", ".join(f"uuid_send(found.{name}) AS {name}" for name in keys)
    rows = target.query(
        f"SELECT DISTINCT {sent} FROM changes CROSS JOIN LATERAL (SELECT {listed} FROM {table} AS rows "  # noqa: S608
        f"WHERE ({listed}) > ({mark}) ORDER BY {listed} LIMIT 1) AS found ORDER BY {listed}"
    )
    return target.delete(table, rows)


def _delete_account(
    target: Target, platform: Platform, active: Ints, deleted: Counts, stream: np.random.Generator
) -> Counts:
    """Delete one learner's account; on about every second day the rest of its rows too."""
    learners = np.flatnonzero((platform.people.role == STUDENT) & (platform.people.created <= platform.start))
    absent = np.setdiff1d(learners, active)
    if len(learners) <= LEAST_LEARNERS or not len(absent):
        return deleted
    account = pl.Series([platform.user_ids[int(stream.choice(absent))]])
    total = dict(deleted, users=target.delete("users", pl.DataFrame({"id": account})))
    if stream.random() < 0.5:
        for table, owner in OWNED.items():
            gone = target.delete(table, pl.DataFrame({owner: account}))
            total[table] = total.get(table, 0) + gone
    return total
