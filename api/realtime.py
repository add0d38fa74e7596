"""What a caller is told about now: the follower's figures in scope, under the names the caller may see."""

from __future__ import annotations

from datetime import UTC, datetime

from api.activity import Activity, Event, Figures
from api.names import Person, shown_name
from api.queries.people import people_by_id
from api.schemas.analytics import RealtimeFigures, RecentActivity
from api.scope import Scope
from api.snapshots import Snapshot
from api.suppression import Guarded, guard_realtime

NEWCOMER = "New learner"
_ACCOUNTS = "SELECT count(*) FROM identity.users WHERE school_key = $school"


def figures_of(activity: Activity, scope: Scope, now: datetime) -> Figures:
    """The figures of the caller's school, or of all of them."""
    if scope.platform:
        return activity.of_platform(now)
    return activity.of_school(scope.caller.school_id, now)


def realtime(
    snapshot: Snapshot, scope: Scope, figures: Figures, observed_at: datetime, small_group: int
) -> RealtimeFigures | Guarded:
    """The answer; observed_at is when the source was last read. Students get nothing about small groups."""
    shown = _figures(snapshot, scope, figures, observed_at)
    if not scope.is_student:
        return shown
    accounts = snapshot.one(_ACCOUNTS, {"school": scope.school_key})
    return guard_realtime(shown, int(accounts[0]) if accounts else 0, small_group)


def _figures(snapshot: Snapshot, scope: Scope, figures: Figures, observed_at: datetime) -> RealtimeFigures:
    known = people_by_id(snapshot, {event.user_id for event in figures.recent})
    return RealtimeFigures(
        active_users=figures.active_users,
        activities_today=figures.activities_today,
        recent_activities=[_shown(scope, event, known.get(event.user_id)) for event in figures.recent],
        observed_at=observed_at,
        lag_seconds=max(0.0, round((datetime.now(UTC) - observed_at).total_seconds(), 3)),
    )


def _shown(scope: Scope, event: Event, known: Person | None) -> RecentActivity:
    return RecentActivity(
        user_name=shown_name(scope, _person(scope, event, known)),
        event_type=event.event_type,
        lesson_title=event.lesson_title,
        xp_earned=event.xp_earned,
        occurred_at=event.occurred_at,
    )


def _person(scope: Scope, event: Event, known: Person | None) -> Person:
    """Names as the source has them now. Somebody the snapshot does not know yet may be a child."""
    return Person(
        user_key=known.user_key if known else -1,
        user_id=event.user_id,
        role=event.role,
        school_key=scope.school_key,
        username=event.username,
        first_name=event.first_name,
        last_name=event.last_name,
        is_below_consent_age=known.is_below_consent_age if known else True,
        pseudonym=known.pseudonym if known else NEWCOMER,
    )
