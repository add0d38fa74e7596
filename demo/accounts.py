"""A day's news about accounts: who joins, who logs in, who changes school, whose totals move."""

import numpy as np
import polars as pl

from demo.events import Events
from demo.load import Target
from demo.names import new_names
from demo.people import NEVER, STUDENT, People
from demo.plan import HOUR, SECOND, Ints, random_stream, some_of, uuids
from demo.state import Platform, with_people

JOIN_SHARE = 0.001
MOVE_SHARE = 0.0002
CLASSES_EACH = 3


def new_accounts(target: Target, platform: Platform) -> tuple[Platform, dict[str, int]]:
    """Let a few learners join: account, classes of the school, consents, a row of the leaderboard."""
    stream = random_stream(target.seed, "accounts")
    people = platform.people
    school = people.school[stream.integers(0, people.count, 1 + int(people.learners * JOIN_SHARE))]
    added = _newcomers(platform, school, stream)
    ids = pl.Series([bytes(row) for row in uuids(target.seed, "users", np.arange(added.count))])
    numbers = platform.end // SECOND * 100_000 + np.arange(added.count)
    rows = pl.DataFrame(
        {
            "id": ids,
            "school_id": platform.school_ids.gather(_known(school, len(platform.school_ids))),
            **new_names(stream, numbers),
            "role": ["STUDENT"] * added.count,
            "birth_date": [None] * added.count,
            "created_at": added.created,
            "updated_at": added.created,
        }
    )
    new = {
        "users": target.append("users", rows),
        "class_enrollments": _enrol(target, platform, ids, added, stream),
        "consents": _consent(target, ids, added),
        "leaderboard": _join_leaderboard(target, ids, added),
    }
    return with_people(platform, added, ids), new


def change_accounts(target: Target, platform: Platform, events: Events) -> dict[str, int]:
    """Note who logged in and who moved to another school, correct a zone, and move the platform's totals."""
    stream = random_stream(target.seed, "changes")
    seen = _newest(platform, events)
    logins = seen.select(id=platform.user_ids.gather(seen["user"]), last_login="at", updated_at="at")
    changed = target.update("users", logins)
    _mark_end(target, platform)
    return {
        "users": changed + _move(target, platform, stream),
        "schools": _correct_zone(target, platform, stream),
        "leaderboard": _add_totals(target, platform, events, stream),
    }


def _newcomers(platform: Platform, school: Ints, stream: np.random.Generator) -> People:
    count = len(school)
    zeros, flags = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.bool_)
    span = min(HOUR, platform.end - platform.start)
    return People(
        learners=count,
        role=zeros + STUDENT,
        school=school,
        joined=zeros,
        left=zeros + NEVER,
        created=platform.start + 1 + (stream.random(count) * span / 2).astype(np.int64),
        eagerness=np.ones(count),
        ability=stream.beta(4.0, 2.2, count),
        evening=stream.random(count),
        streaker=flags,
        never_started=flags,
    )


def _known(school: Ints, schools: int) -> pl.Series:
    return pl.Series(np.where(school < schools, school, -1)).replace(-1, None)


def _enrol(
    target: Target, platform: Platform, ids: pl.Series, added: People, stream: np.random.Generator
) -> int:
    """Enrol newcomers in up to three active classes of their school, or in any where classes have none."""
    has_school = "school_id" in target.columns["classes"]
    school = "uuid_send(school_id)" if has_school else "NULL::bytea"
    classes = target.query(
        f"SELECT uuid_send(id) AS id, {school} AS school_id FROM classes WHERE is_active ORDER BY id"  # noqa: S608
    )
    rows: list[tuple[bytes, bytes, int]] = []
    for number, learner in enumerate(ids):
        theirs = classes
        if added.school[number] < len(platform.school_ids):
            theirs = classes.filter(pl.col("school_id") == platform.school_ids[int(added.school[number])])
        picks = some_of(stream, theirs.height, CLASSES_EACH)
        rows += [(class_id, learner, int(added.created[number])) for class_id in theirs["id"].gather(picks)]
    frame = pl.DataFrame(
        rows, orient="row", schema={"class_id": pl.Binary, "student_id": pl.Binary, "enrolled_at": pl.Int64}
    )
    return target.append(
        "class_enrollments", frame.with_columns(updated_at="enrolled_at", status=pl.lit("active"))
    )


def _consent(target: Target, ids: pl.Series, added: People) -> int:
    rows = pl.DataFrame(
        {
            "id": np.arange(added.count),
            "user_id": ids,
            "purpose": ["analytics"] * added.count,
            "policy_version": ["2026-01"] * added.count,
            "given_by": ["parent" if number % 2 else "self" for number in range(added.count)],
            "given_at": added.created,
            "updated_at": added.created,
        }
    )
    return target.append("consents", rows)


def _join_leaderboard(target: Target, ids: pl.Series, added: People) -> int:
    rows = pl.DataFrame({"user_id": ids, "total_xp": [0] * added.count, "updated_at": added.created})
    return target.append("leaderboard", rows)


def _newest(platform: Platform, events: Events) -> pl.DataFrame:
    happened = pl.DataFrame({"user": events.user, "at": events.at, "xp": events.xp}).filter(
        pl.col("at").is_between(platform.start, platform.end, closed="right")
    )
    return happened.group_by("user").agg(pl.col("at").max(), pl.col("xp").sum()).sort("user")


def _mark_end(target: Target, platform: Platform) -> None:
    """The administrator who was at work at `start` is so at `end`: the next day begins there."""
    found = target.query(
        "SELECT uuid_send(id) AS id FROM users ORDER BY (role = 'ADMIN') DESC, updated_at DESC, id LIMIT 1"
    )
    target.update(
        "users", found.with_columns(last_login=pl.lit(platform.end), updated_at=pl.lit(platform.end))
    )


def _move(target: Target, platform: Platform, stream: np.random.Generator) -> int:
    schools = len(platform.school_ids)
    learners = np.flatnonzero((platform.people.role == STUDENT) & (platform.people.school < schools))
    if not len(learners) or schools < 2:
        return 0
    who = stream.choice(learners, 1 + int(len(learners) * MOVE_SHARE), replace=False)
    to = (platform.people.school[who] + stream.integers(1, schools, len(who))) % schools
    rows = pl.DataFrame(
        {
            "id": platform.user_ids.gather(who),
            "school_id": platform.school_ids.gather(to),
            "updated_at": np.full(len(who), platform.end),
        }
    )
    return target.update("users", rows)


def _correct_zone(target: Target, platform: Platform, stream: np.random.Generator) -> int:
    """On one day in four somebody notices the zone that does not exist."""
    if "schools" not in target.columns or stream.random() >= 0.25:
        return 0
    wrong = target.query("SELECT uuid_send(id) AS id FROM schools WHERE timezone = 'Europe/Bonn'")
    corrected = wrong.with_columns(timezone=pl.lit("Europe/Berlin"), updated_at=pl.lit(platform.end))
    return target.update("schools", corrected)


def _add_totals(target: Target, platform: Platform, events: Events, stream: np.random.Generator) -> int:
    """The platform adds today's XP to its totals, forgets one learner in ten, and never adds late events."""
    seen = _newest(platform, events)
    seen = seen.filter(pl.Series(stream.random(seen.height) < 0.9))
    gained = pl.DataFrame(
        {"user_id": platform.user_ids.gather(seen["user"]), "total_xp": seen["xp"], "updated_at": seen["at"]}
    )
    if "leaderboard" not in target.columns:
        return 0
    target.stage("leaderboard", gained)
    return target.count(
        "UPDATE leaderboard SET total_xp = leaderboard.total_xp + changes.total_xp, "
        "updated_at = changes.updated_at FROM changes WHERE leaderboard.user_id = changes.user_id"
    )
