"""GET /analytics/*: figures of the platform, a school, or a person."""

from __future__ import annotations

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from api import examples
from api.ask import EVERYONE, STAFF, Ask, allow
from api.documents import documented
from api.errors import NotFound
from api.parameters import Days, IsoDate
from api.queries import dashboard, overview, students, summary, trends
from api.respond import Envelope, PagedEnvelope
from api.schemas import analytics as shown
from api.tokens import Role

router = APIRouter(prefix="/analytics", tags=["analytics"])
MINUTE: Final = 60
HOUR: Final = 3600

Anybody = Annotated[Ask, Depends(allow(*EVERYONE))]
Staff = Annotated[Ask, Depends(allow(*STAFF))]
Administrator = Annotated[Ask, Depends(allow(Role.ADMIN))]
StaffOrStudent = Annotated[Ask, Depends(allow(*STAFF, Role.STUDENT))]
ClassId = Annotated[UUID | None, Query(description="Only this class, which must be in the caller's scope.")]
TimeRange = Annotated[shown.TimeRange, Query(description="Windows of 1, 7, 30 and 365 dates.")]


@router.get("/overview", **documented(Envelope[shown.Overview], example=examples.OVERVIEW))
async def get_overview(ask: Anybody) -> Response:
    """Learners, classes, completion, quizzes and engagement of the caller's school or the platform."""
    return await ask.caching(MINUTE, shared=True).answer(overview.overview, ask.services.settings.small_group)


@router.get(
    "/student-progress",
    **documented(Envelope[shown.StudentProgress], example=examples.STUDENT_PROGRESS, raises=(NotFound,)),
)
async def get_student_progress(
    ask: StaffOrStudent,
    student_id: Annotated[UUID | None, Query(description="Whom; a student may leave it out.")] = None,
    class_id: ClassId = None,
) -> Response:
    """How far one student has come, with rank, streaks and the reasons of being at risk."""
    return await ask.answer(students.student_progress, student_id, class_id)


@router.get(
    "/weekly_xp", **documented(Envelope[shown.WeeklyXp], example=examples.WEEKLY_XP, raises=(NotFound,))
)
async def get_weekly_xp(ask: Anybody) -> Response:
    """The caller's own XP of the last seven dates."""
    return await ask.answer(students.weekly_xp)


@router.get(
    "/subject_mastery",
    **documented(
        PagedEnvelope[shown.SubjectMastery],
        example=[examples.SUBJECT_MASTERY],
        page=examples.SUBJECT_PAGE,
        raises=(NotFound,),
    ),
)
async def get_subject_mastery(ask: Anybody) -> Response:
    """The caller's own mastery, course by course."""
    return await ask.answer(students.subject_mastery)


@router.get(
    "/trends/engagement", **documented(Envelope[shown.EngagementTrend], example=examples.ENGAGEMENT_TREND)
)
async def get_engagement_trend(ask: Administrator, days: Days = 30) -> Response:
    """Active users, activities, XP and sessions, one row per date."""
    return await ask.caching(0, shared=True).answer(trends.engagement_trend, days)


@router.get("/trends/content", **documented(Envelope[shown.ContentTrend], example=examples.CONTENT_TREND))
async def get_content_trend(ask: Staff, days: Days = 30) -> Response:
    """The most viewed lessons, completion by course, views and completions per date."""
    return await ask.caching(HOUR, shared=True).answer(trends.content_trend, days)


@router.get("/dashboard", **documented(Envelope[shown.Dashboard], example=examples.DASHBOARD))
async def get_dashboard(ask: Staff, time_range: TimeRange = shown.TimeRange.WEEK) -> Response:
    """The window at a glance, with the first ten of its leaderboard and the newest completions."""
    return await ask.caching(MINUTE, shared=True).answer(dashboard.dashboard, time_range)


@router.get("/summary", **documented(Envelope[shown.Summary], example=examples.SUMMARY, raises=(NotFound,)))
async def get_summary(
    ask: Staff,
    start_date: Annotated[
        IsoDate | None, Query(description="First date; 29 days before the last one.")
    ] = None,
    end_date: Annotated[IsoDate | None, Query(description="Last date, included; today.")] = None,
    class_id: ClassId = None,
) -> Response:
    """Activity, progress and quizzes of any range of dates, of everybody in scope or of one class."""
    return await ask.caching(0, shared=True).answer(summary.summary, start_date, end_date, class_id)
