"""Consents, requests of data subjects and security incidents, in every state that a rule distinguishes."""

from datetime import UTC, datetime, timedelta
from itertools import product

import numpy as np
import polars as pl

from demo.people import GHOST, People
from demo.plan import DAY, HOUR, Ints, Plan, microseconds, some_of

POLICY_VERSIONS = ("2024-08", "2025-02", "2026-01")
PURPOSES = {"analytics": 0.9, "leaderboard": 0.5, "marketing": 0.3}
REQUEST_KINDS = ("access", "rectification", "erasure", "restriction", "portability", "objection")
REQUEST_STATES = ("received", "identity_check", "in_progress", "completed", "refused")
Row = dict[str, object]


def consent_rows(plan: Plan, people: People) -> pl.DataFrame:
    """Return the rows of `consents`: given by the learner or a parent, renewed, withdrawn, given again."""
    stream = plan.stream("consents")
    parts = [_first_consents(plan, people, purpose, share, stream) for purpose, share in PURPOSES.items()]
    first = pl.concat(parts)
    rows = pl.concat([first, _renewals(plan, first, stream)])
    rows = rows.with_columns(pl.max_horizontal("given_at", pl.col("withdrawn_at")).alias("updated_at"))
    return _with_odd_consents(rows, plan, stream).with_row_index("id")


def request_rows(plan: Plan, people: People, schools: int) -> pl.DataFrame:
    """Return the rows of `data_subject_requests`: every kind in every state, and every awkward date."""
    stream = plan.stream("requests")
    rows = _everyday_requests(plan, people, stream) + _awkward_requests(plan, people)
    columns = pl.DataFrame(rows, infer_schema_length=None)
    known = columns["user_id"].to_numpy()
    school = np.where(known < people.count, people.school[np.minimum(known, people.count - 1)], schools)
    return columns.with_columns(
        pl.Series("id", np.arange(columns.height)),
        pl.Series("school_id", np.where(school == schools, -1, school)),
        pl.max_horizontal("received_at", "extension_notified_at", "completed_at").alias("updated_at"),
    )


def incident_rows(plan: Plan) -> pl.DataFrame:
    """Return the rows of `security_incidents`: told in time, just in time, late, not yet and never."""
    ago = [200, 150, 120, 90, 60, 30, 2, 10, 1]
    told = [20, 72, 73, None, 200, 71, None, None, 60]  # hours until the authority was told
    closed = [True, True, True, True, False, True, False, False, False]
    aware = [plan.now - days * DAY - 3 * HOUR for days in ago]
    return pl.DataFrame(
        {
            "id": np.arange(len(ago)),
            "school_id": [0, 1, 2, 3, -1, 5, 0, 1, GHOST],
            "aware_at": [*aware[:-1], plan.now + DAY],
            "notified_at": [
                None if hours is None else start + hours * HOUR
                for start, hours in zip([*aware[:-1], plan.now + DAY], told, strict=True)
            ],
            "subjects_affected": [12, 1, 0, 250, 3, 40, 7, 1, 2],
            "closed_at": [
                start + 15 * DAY if done else None for start, done in zip(aware, closed, strict=True)
            ],
            "updated_at": [start + HOUR for start in aware],
        }
    ).with_columns(pl.max_horizontal("updated_at", "notified_at", "closed_at").clip(upper_bound=plan.now))


def _first_consents(
    plan: Plan, people: People, purpose: str, share: float, stream: np.random.Generator
) -> pl.DataFrame:
    who = np.flatnonzero(stream.random(people.count) < share)
    given = np.minimum(people.created[who] + stream.integers(0, 3 * DAY, len(who)), plan.now)
    is_learner = who < people.learners
    by_parent = is_learner & (stream.random(len(who)) < 0.6)
    return pl.DataFrame(
        {
            "user_id": who,
            "purpose": [purpose] * len(who),
            "policy_version": np.array(POLICY_VERSIONS)[stream.integers(0, 2, len(who))],
            "given_by": np.where(by_parent, "parent", "self"),
            "given_at": given,
            "withdrawn_at": _withdrawals(given, plan.now, stream),
        }
    )


def _renewals(plan: Plan, first: pl.DataFrame, stream: np.random.Generator) -> pl.DataFrame:
    """A third agree to the newest policy later, some of them at the very moment of the first consent."""
    again = first.filter(pl.Series(stream.random(first.height) < 0.33))
    before = again["given_at"].to_numpy()
    later = before + (stream.random(len(before)) * (plan.now - before)).astype(np.int64)
    given = np.where(stream.random(len(before)) < 0.02, before, later)
    return again.with_columns(
        pl.lit(POLICY_VERSIONS[-1]).alias("policy_version"),
        pl.Series("given_at", given),
        pl.Series("withdrawn_at", _withdrawals(given, plan.now, stream)),
    )


def _withdrawals(given: Ints, now: int, stream: np.random.Generator) -> pl.Series:
    moment = given + (stream.random(len(given)) * (now - given)).astype(np.int64)
    return pl.Series(np.where(stream.random(len(given)) < 0.07, moment, -1)).replace(-1, None)


def _with_odd_consents(rows: pl.DataFrame, plan: Plan, stream: np.random.Generator) -> pl.DataFrame:
    """Add withdrawals and consents that lie in the future, and consents of accounts that are gone."""
    picks = some_of(stream, rows.height, 6)
    return rows.with_columns(
        rows["withdrawn_at"].scatter(picks[:2], plan.now + DAY),
        rows["given_at"].scatter(picks[2:4], plan.now + 2 * DAY),
        rows["user_id"].scatter(picks[4:], GHOST + np.arange(len(picks[4:]))),
    )


def _everyday_requests(plan: Plan, people: People, stream: np.random.Generator) -> list[Row]:
    """Every kind in every state, some closed late; who asked for erasure and got it is gone."""
    pairs = list(product(REQUEST_KINDS, REQUEST_STATES)) * (1 + plan.learners // 5000)
    users = stream.permutation(people.learners)
    rows: list[Row] = []
    for number, (kind, status) in enumerate(pairs):
        age = int(stream.integers(3, 25)) if number % 2 else int(stream.integers(35, 140))
        received = plan.now - age * DAY - int(stream.integers(0, DAY))
        is_closed = status in ("completed", "refused")
        closed = min(received + int(stream.integers(2, 50)) * DAY, plan.now) if is_closed else None
        is_gone = kind == "erasure" and status == "completed"
        user = GHOST + 500_000 + number if is_gone else int(users[number % len(users)])
        rows.append(_request(user, kind, status, received, closed=closed))
    # Erased on paper only: rows of this account are still in other tables.
    rows.append(_request(GHOST, "erasure", "completed", plan.now - 60 * DAY, closed=plan.now - 45 * DAY))
    rows.append(_request(int(users[0]), "access", "received", plan.now + DAY))
    return rows


def _awkward_requests(plan: Plan, people: People) -> list[Row]:
    """Receipt on the 29th to 31st, deadlines at weekends, and extensions that hold and that do not."""
    rows: list[Row] = []
    for number, day in enumerate(_awkward_days(plan)):
        received = microseconds(day)
        user = number % people.learners
        rows.append(_request(user, "access", "in_progress", received))
        rows.append(_request(user, "portability", "completed", received, closed=received + 31 * DAY))
    old = plan.now - 100 * DAY
    rows.append(_request(2, "rectification", "completed", old, closed=old + 60 * DAY))
    newest = plan.now - 40 * DAY
    for number, (months, told) in enumerate(product((0, 1, 2), (None, 20, 36))):
        notified = None if told is None else newest + told * DAY
        user = (number + 3) % people.learners
        rows.append(_request(user, "access", "in_progress", newest, months=months, notified=notified))
    return rows


def _awkward_days(plan: Plan) -> list[datetime]:
    """Noon of the last month ends, and of the fortnight whose deadlines are around now."""
    noon = plan.as_of.astimezone(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
    days = [noon - timedelta(days=back) for back in range(2, 400)]
    month_ends = [day for day in days if day.day >= 29]
    fortnight = [day for day in days if 24 <= (noon - day).days < 38]
    return sorted({*month_ends, *fortnight})


def _request(
    user: int,
    kind: str,
    status: str,
    received: int,
    *,
    closed: int | None = None,
    months: int = 0,
    notified: int | None = None,
) -> Row:
    return {
        "user_id": user,
        "kind": kind,
        "status": status,
        "received_at": received,
        "extension_months": months,
        "extension_notified_at": notified,
        "completed_at": closed,
    }
