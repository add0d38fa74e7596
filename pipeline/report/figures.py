"""What a morning report says, asked of a snapshot by the queries that the API itself answers with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from api.queries import compliance
from api.queries.rows import in_utc_or_none
from api.queries.summary import summary
from api.queries.trends import content_trend, engagement_trend
from api.queries.windows import Window, today
from api.respond import Listing
from api.schemas.analytics import ContentDay, EngagementDay, Summary
from api.schemas.compliance import ComplianceStatus
from api.scope import NO_SCHOOL, Caller, Scope
from api.snapshots import Snapshot
from api.tokens import Role
from pipeline.errors import UsageError
from pipeline.report.risk import Risk, find_risk

WEEK = 7
CHART_DAYS = 8 * WEEK
SHOWN_REQUESTS = 6
PLATFORM = "platform"


@dataclass(frozen=True)
class Subject:
    """Whom a report is about: a school, or the platform. `code` names its file, `zone` its local dates."""

    scope: Scope
    code: str
    name: str
    zone: str


@dataclass(frozen=True)
class Period:
    """Figures of a window of local dates, and of the window that it is compared with."""

    window: Window
    before: Window
    figures: Summary
    figures_before: Summary


@dataclass(frozen=True)
class Figures:
    """Everything that is about the subject.

    `engagement` and `content` hold one row per date up to `day`, oldest first. `unfinished_schools` counts
    the schools where `day` was not over at as_of; a school's own report has none. `coming` and `overdue` are
    open requests, the nearest deadline first.
    """

    subject: Subject
    day: date
    yesterday: Period
    week: Period
    engagement: list[EngagementDay]
    content: list[ContentDay]
    risk: Risk
    compliance: ComplianceStatus
    coming: Listing
    overdue: Listing
    newest_event_at: datetime | None
    unfinished_schools: int


def platform() -> Subject:
    """The whole platform, as its administrators see it."""
    scope = Scope(_administrator(None), platform=True, school_key=NO_SCHOOL, user_key=None)
    return Subject(scope, PLATFORM, "All schools", "UTC")


def find_school(snapshot: Snapshot, wanted: str) -> Subject:
    """The school of that code or id. Raises UsageError when the snapshot has none."""
    row = snapshot.one(
        f"{_SCHOOLS} WHERE code = $wanted OR school_id = lower($wanted) ORDER BY school_key DESC",
        {"wanted": wanted},
    )
    if row is None:
        raise UsageError(
            f"There is no school {wanted!r} in the current snapshot.",
            hint='`schoolhouse sql "SELECT code, name FROM dim_school"` lists them.',
        )
    return _school(*row)


def active_schools(snapshot: Snapshot) -> list[Subject]:
    """The schools in use, by code; people without a school count for the platform alone."""
    rows = snapshot.query(f"{_SCHOOLS} WHERE is_active AND school_id IS NOT NULL ORDER BY code")
    return [_school(*row) for row in rows]


def collect(snapshot: Snapshot, subject: Subject) -> Figures:
    """The figures of the last complete local date: for the platform the date before the UTC date of as_of."""
    scope = subject.scope
    day = today(snapshot, scope) - timedelta(days=1)
    return Figures(
        subject=subject,
        day=day,
        yesterday=_period(snapshot, scope, Window(day, day)),
        week=_period(snapshot, scope, Window.ending(day, WEEK)),
        engagement=engagement_trend(snapshot, scope, CHART_DAYS + 1).daily[:-1],
        content=content_trend(snapshot, scope, CHART_DAYS + 1).daily[:-1],
        risk=find_risk(snapshot, scope),
        compliance=compliance.status(snapshot, scope),
        coming=compliance.list_requests(snapshot, scope, _open(is_overdue=False)),
        overdue=compliance.list_requests(snapshot, scope, _open(is_overdue=True)),
        newest_event_at=_newest_event(snapshot, scope),
        unfinished_schools=_unfinished(snapshot, day) if scope.platform else 0,
    )


_SCHOOLS = "SELECT school_key, school_id, code, name, zone FROM dim_school"
_NEWEST = "SELECT max(last_event_at) FROM fct_user_day WHERE $school IS NULL OR school_key = $school"


def _administrator(school_id: UUID | None) -> Caller:
    return Caller(UUID(int=0), Role.ADMIN, school_id)


def _school(school_key: int, school_id: str | None, code: str, name: str, zone: str) -> Subject:
    caller = _administrator(UUID(school_id) if school_id else None)
    return Subject(Scope(caller, platform=False, school_key=school_key, user_key=None), code, name, zone)


def _open(*, is_overdue: bool) -> compliance.RequestFilter:
    return compliance.RequestFilter(is_open=True, is_overdue=is_overdue, limit=SHOWN_REQUESTS, offset=0)


def _period(snapshot: Snapshot, scope: Scope, window: Window) -> Period:
    """Compared with the same weekdays one week earlier: a Monday says little about a Sunday."""
    moved = timedelta(days=WEEK)
    before = Window(window.start - moved, window.end - moved)
    return Period(
        window,
        before,
        summary(snapshot, scope, window.start, window.end, None),
        summary(snapshot, scope, before.start, before.end, None),
    )


def _newest_event(snapshot: Snapshot, scope: Scope) -> datetime | None:
    school = None if scope.platform else scope.school_key
    return in_utc_or_none(snapshot.query(_NEWEST, {"school": school})[0][0])


def _unfinished(snapshot: Snapshot, day: date) -> int:
    rows = snapshot.query(
        "SELECT count(*) FROM dim_school WHERE school_id IS NOT NULL AND is_active AND today_date <= ?", [day]
    )
    return int(rows[0][0])
