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
Counts = dict[str, int]


def delete_rows(target: Target, platform: Platform, active: Ints) -> Counts:
    """Delete some rows of every kind and return how many by table; `active` accounts stay."""
    stream = random_stream(target.seed, "deletions")
    deleted = {
        "analytics": _delete_events(target, platform, stream),
        "user_progress": _delete_some(target, "user_progress", ("id",), stream),
        "quiz_attempts": _delete_some(target, "quiz_attempts", ("id",), stream),
        "class_enrollments": _delete_some(target, "class_enrollments", ("class_id", "student_id"), stream),
    }
    return _delete_account(target, platform, active, deleted, stream)


def _delete_events(target: Target, platform: Platform, stream: np.random.Generator) -> int:
    """Delete events by number, anywhere in the past."""
    newest = int(target.query("SELECT max(id) AS id FROM analytics").item())
    wanted = max(8, int(platform.recent.sum()) // 2000)
    return target.delete("analytics", pl.DataFrame({"id": some_of(stream, newest, wanted) + 1}))


def _delete_some(target: Target, table: str, keys: tuple[str, ...], stream: np.random.Generator) -> int:
    """Delete two rows, and one more for each 20 000."""
    names = ", ".join(f"uuid_send({name}) AS {name}" for name in keys)
    order = ", ".join(keys)
    rows = target.query(f"SELECT {names} FROM {table} ORDER BY {order}")  # noqa: S608
    return target.delete(table, rows[some_of(stream, rows.height, 2 + rows.height // 20_000)])


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
