"""GET /compliance/*: is the school within the law today?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from api.errors import NotFound
from api.queries.rows import in_school, in_utc_or_none, share
from api.receipts import Receipt, read_receipt
from api.respond import Listing
from api.schemas import compliance as shown
from api.scope import Scope
from api.snapshots import Snapshot

_STATUS = """
SELECT
    coalesce(sum(requests_open), 0)::BIGINT AS requests_open,
    coalesce(sum(requests_overdue), 0)::BIGINT AS requests_overdue,
    coalesce(sum(requests_due_within_7_days), 0)::BIGINT AS requests_due_within_7_days,
    coalesce(sum(requests_closed), 0)::BIGINT AS requests_closed,
    coalesce(sum(requests_closed_in_time), 0)::BIGINT AS requests_closed_in_time,
    coalesce(sum(minors_total), 0)::BIGINT AS minors_total,
    coalesce(sum(minors_without_parental_consent), 0)::BIGINT AS minors_without_parental_consent,
    coalesce(sum(incidents_open), 0)::BIGINT AS incidents_open,
    coalesce(sum(incidents_notified_late), 0)::BIGINT AS incidents_notified_late,
    coalesce(sum(erasures_completed), 0)::BIGINT AS erasures_completed,
    coalesce(sum(erasures_verified), 0)::BIGINT AS erasures_verified,
    coalesce(sum(erasures_unproven), 0)::BIGINT AS erasures_unproven,
    coalesce(bool_or(overall = 'breach'), FALSE) AS has_breach,
    coalesce(bool_or(overall = 'attention'), FALSE) AS has_attention
FROM compliance_status
"""

_BY_KIND = """
SELECT
    request_kind AS kind,
    count(*) AS total,
    count(*) FILTER (WHERE is_open) AS "open",
    count(*) FILTER (WHERE is_overdue) AS overdue,
    count(*) FILTER (WHERE is_due_within_7_days) AS due_within_7_days,
    count(is_closed_in_time) AS closed,
    count(*) FILTER (WHERE is_closed_in_time) AS closed_in_time
FROM compliance_requests
"""

_CONSENTS = "SELECT purpose, sum(users_consented)::BIGINT, sum(users_total)::BIGINT FROM compliance_consents"
_RETENTION = (
    "SELECT source_table, max(limit_days), sum(rows_overdue)::BIGINT, min(oldest_at)"
    " FROM compliance_retention"
)
_REGISTER = "SELECT count(*) FILTER (WHERE is_documented), count(*) FROM processing_register"

_REQUESTS = """
SELECT
    requests.request_id, requests.request_key, requests.user_key, dim_school.school_id,
    requests.request_kind AS kind, requests.request_status AS status, requests.received_date,
    requests.first_due_date, requests.is_extension_valid, requests.due_date, requests.ferpa_due_date,
    requests.closed_date, requests.days_left, requests.is_open, requests.is_overdue,
    requests.is_due_within_7_days, requests.is_closed_in_time
FROM compliance_requests AS requests
LEFT JOIN dim_school ON dim_school.school_key = requests.school_key
"""


@dataclass(frozen=True)
class RequestFilter:
    """Which requests to list: all, or the open or overdue ones, and the page."""

    is_open: bool | None
    is_overdue: bool | None
    limit: int
    offset: int


def status(snapshot: Snapshot, scope: Scope) -> shown.ComplianceStatus:
    """The counts of the school, or their sums over all schools, with the verdict."""
    condition, params = in_school(scope)
    figures = snapshot.records(f"{_STATUS} WHERE {condition}", params)[0]
    return shown.ComplianceStatus(
        overall=_overall(figures),
        requests=_requests(snapshot, scope, figures),
        consents=_consents(snapshot, scope),
        minors=shown.MinorFigures(figures["minors_total"], figures["minors_without_parental_consent"]),
        retention=_retention(snapshot, scope),
        incidents=shown.IncidentFigures(figures["incidents_open"], figures["incidents_notified_late"]),
        erasures=shown.ErasureFigures(
            figures["erasures_completed"], figures["erasures_verified"], figures["erasures_unproven"]
        ),
        processing_register=shown.RegisterFigures(*snapshot.query(_REGISTER)[0]),
    )


def list_requests(snapshot: Snapshot, scope: Scope, wanted: RequestFilter) -> Listing:
    """One page of the requests in scope, the nearest deadline first."""
    condition, params = _condition(scope, wanted)
    total = snapshot.query(f"SELECT count(*) FROM compliance_requests AS requests WHERE {condition}", params)  # noqa: S608
    rows = snapshot.records(
        f"{_REQUESTS} WHERE {condition} ORDER BY requests.due_date, requests.request_key "
        "LIMIT $limit OFFSET $offset",
        {**params, "limit": wanted.limit, "offset": wanted.offset},
    )
    requests = [shown.SubjectRequest(**row) for row in rows]
    return Listing(requests, limit=wanted.limit, total=total[0][0], offset=wanted.offset)


def erasure_receipt(snapshot: Snapshot, scope: Scope, request_id: str, folder: Path) -> Receipt:
    """The receipt of an erasure request in scope. Raises NotFound for others, and while there is none."""
    condition, params = in_school(scope)
    sql = f"SELECT 1 FROM compliance_requests WHERE request_id = $request AND {condition}"  # noqa: S608
    receipt = (
        read_receipt(folder, request_id) if snapshot.one(sql, {**params, "request": request_id}) else None
    )
    if receipt is None:
        raise NotFound
    return receipt


def _overall(figures: Mapping[str, Any]) -> shown.Overall:
    if figures["has_breach"]:
        return shown.Overall.BREACH
    return shown.Overall.ATTENTION if figures["has_attention"] else shown.Overall.OK


def _requests(snapshot: Snapshot, scope: Scope, figures: Mapping[str, Any]) -> shown.RequestFigures:
    condition, params = in_school(scope)
    kinds = snapshot.records(f"{_BY_KIND} WHERE {condition} GROUP BY kind ORDER BY kind", params)
    return shown.RequestFigures(
        open=figures["requests_open"],
        overdue=figures["requests_overdue"],
        due_within_7_days=figures["requests_due_within_7_days"],
        closed_in_time_rate=share(figures["requests_closed_in_time"], figures["requests_closed"]),
        by_kind=[_kind(**row) for row in kinds],
    )


def _kind(*, closed: int, closed_in_time: int, **figures: Any) -> shown.KindFigures:
    return shown.KindFigures(**figures, closed_in_time_rate=share(closed_in_time, closed))


def _consents(snapshot: Snapshot, scope: Scope) -> list[shown.ConsentFigures]:
    condition, params = in_school(scope)
    rows = snapshot.query(f"{_CONSENTS} WHERE {condition} GROUP BY purpose ORDER BY purpose", params)
    return [shown.ConsentFigures(purpose, share(consented, users)) for purpose, consented, users in rows]


def _retention(snapshot: Snapshot, scope: Scope) -> list[shown.RetentionFigures]:
    condition, params = in_school(scope)
    rows = snapshot.query(f"{_RETENTION} WHERE {condition} GROUP BY source_table ORDER BY 1", params)
    return [
        shown.RetentionFigures(table, limit_days, overdue, in_utc_or_none(oldest))
        for table, limit_days, overdue, oldest in rows
    ]


def _condition(scope: Scope, wanted: RequestFilter) -> tuple[str, dict[str, Any]]:
    school, params = in_school(scope, "requests.school_key")
    conditions, values = [school], dict(params)
    for column, value in (("is_open", wanted.is_open), ("is_overdue", wanted.is_overdue)):
        if value is not None:
            conditions.append(f"requests.{column} = ${column}")
            values[column] = value
    return " AND ".join(conditions), values
