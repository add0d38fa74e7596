"""A day at the office: consents withdrawn, requests that come in and are closed, an authority told."""

import polars as pl

from demo.load import Target
from demo.plan import DAY, HOUR, moment_of, random_stream, some_of
from demo.state import Platform

Counts = dict[str, int]


def change_paperwork(target: Target, platform: Platform) -> tuple[Counts, Counts]:
    """Return rows new and rows changed, by table; tables that are missing count nothing."""
    new = {"data_subject_requests": _receive_request(target, platform)}
    changed = {
        "consents": _withdraw(target, platform),
        "class_enrollments": _leave_class(target, platform),
        "data_subject_requests": _close_request(target, platform),
        "security_incidents": _notify(target, platform),
    }
    return new, changed


def _withdraw(target: Target, platform: Platform) -> int:
    if "consents" not in target.columns:
        return 0
    given = target.query(
        "SELECT uuid_send(id) AS id FROM consents WHERE withdrawn_at IS NULL AND given_at <= $1 ORDER BY id",
        moment_of(platform.start),
    )
    return _change(
        target, "consents", given, 1 + given.height // 5000, platform, withdrawn_at=platform.end - HOUR
    )


def _leave_class(target: Target, platform: Platform) -> int:
    rows = target.query(
        "SELECT uuid_send(class_id) AS class_id, uuid_send(student_id) AS student_id FROM class_enrollments "
        "WHERE status = 'active' AND enrolled_at <= $1 ORDER BY 1, 2",
        moment_of(platform.start),
    )
    stream = random_stream(target.seed, "leave class")
    chosen = rows[some_of(stream, rows.height, 1 + rows.height // 2000)]
    changes = chosen.with_columns(status=pl.lit("withdrawn"), updated_at=pl.lit(platform.end))
    return target.update("class_enrollments", changes, ("class_id", "student_id"))


def _receive_request(target: Target, platform: Platform) -> int:
    stream = random_stream(target.seed, "request")
    user = int(stream.integers(0, platform.people.count))
    kind = ("access", "rectification", "restriction", "portability", "objection")[stream.integers(0, 5)]
    school = int(platform.people.school[user])
    row = pl.DataFrame(
        {
            "id": [0],
            "user_id": [platform.user_ids[user]],
            "school_id": pl.Series(
                [platform.school_ids[school] if school < len(platform.school_ids) else None], dtype=pl.Binary
            ),
            "kind": [kind],
            "status": ["received"],
            "received_at": [platform.end - HOUR],
            "updated_at": [platform.end - HOUR],
        }
    )
    return target.append("data_subject_requests", row)


def _close_request(target: Target, platform: Platform) -> int:
    """Close one open request, but none for erasure: those are carried out elsewhere."""
    if "data_subject_requests" not in target.columns:
        return 0
    rows = target.query(
        "SELECT uuid_send(id) AS id FROM data_subject_requests "
        "WHERE status = 'in_progress' AND kind <> 'erasure' AND received_at <= $1 ORDER BY id",
        moment_of(platform.start - DAY),
    )
    closed = {"status": "completed", "completed_at": platform.end - HOUR}
    return _change(target, "data_subject_requests", rows, 1, platform, **closed)


def _notify(target: Target, platform: Platform) -> int:
    if "security_incidents" not in target.columns:
        return 0
    rows = target.query(
        "SELECT uuid_send(id) AS id FROM security_incidents "
        "WHERE notified_at IS NULL AND aware_at <= $1 ORDER BY id",
        moment_of(platform.start),
    )
    wanted = int(random_stream(target.seed, "notify?").random() < 0.3)
    return _change(target, "security_incidents", rows, wanted, platform, notified_at=platform.end - HOUR)


def _change(
    target: Target, table: str, rows: pl.DataFrame, count: int, platform: Platform, **values: object
) -> int:
    stream = random_stream(target.seed, table)
    chosen = rows.select("id")[some_of(stream, rows.height, count)]
    literals = {name: pl.lit(value) for name, value in values.items()}
    return target.update(table, chosen.with_columns(updated_at=pl.lit(platform.end), **literals))
