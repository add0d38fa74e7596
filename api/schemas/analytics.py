"""Answers of /analytics."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from pydantic import AwareDatetime, Field


class TimeRange(StrEnum):
    """Windows of the dashboard: 1, 7, 30 and 365 days."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class Assignments:
    """Quizzes as assignments; attempts count completed or not."""

    quizzes_total: int
    attempts_total: int | None
    attempts_completed: int | None


@dataclass(frozen=True, slots=True)
class Overview:
    """The state of a school, or of the whole platform."""

    students_total: Annotated[int | None, Field(description="Learners with an active account.")]
    students_active: Annotated[
        int | None, Field(description="Those of them with a login in the 30 x 24 h before as_of.")
    ]
    classes_active: int
    average_completion: Annotated[float | None, Field(description="Mean progress percentage, 0..100.")]
    average_quiz_score: Annotated[
        float | None, Field(description="Mean score of completed attempts, 0..100.")
    ]
    assignments: Assignments
    engagement_rate: Annotated[float | None, Field(description="students_active / students_total, 0..1.")]
    attendance_rate: Annotated[float | None, Field(description="Enrolments with status active / all, 0..1.")]


@dataclass(frozen=True, slots=True)
class AtRisk:
    """Whether a learner needs help, and every reason."""

    is_at_risk: bool
    reasons: Annotated[list[str], Field(description="never_started, inactive, low_accuracy, behind_class.")]


@dataclass(frozen=True, slots=True)
class StudentProgress:
    """How far one student has come."""

    student_id: str
    overall_progress: Annotated[
        float | None, Field(description="Mean progress percentage over the progress rows, 0..100.")
    ]
    lessons_completed: int
    lessons_total: Annotated[
        int, Field(description="Lessons with a progress row: those overall_progress averages over.")
    ]
    xp_total: int
    rank: Annotated[int | None, Field(description="All time, own school; null when not ranked.")]
    current_streak_days: int
    longest_streak_days: int
    at_risk: AtRisk


@dataclass(frozen=True, slots=True)
class XpDay:
    """XP of one local date."""

    date: dt.date
    weekday: Annotated[str, Field(description="Mon, Tue, Wed, Thu, Fri, Sat or Sun.")]
    xp: int


@dataclass(frozen=True, slots=True)
class WeeklyXp:
    """The caller's own last seven dates, oldest first."""

    week_total: int
    daily_average: Annotated[float, Field(description="week_total / 7.")]
    streak_days: int
    days: list[XpDay]


@dataclass(frozen=True, slots=True)
class SubjectMastery:
    """The caller's own mastery of one course."""

    course_id: str
    subject: Annotated[str, Field(description="The course's title.")]
    mastery: Annotated[float | None, Field(description="Mean progress percentage of the course, 0..100.")]
    topics_completed: int
    topics_total: int
    proficiency: Annotated[
        float | None, Field(description="First-attempt proficiency, 0..1; null below 3 first attempts.")
    ]
    knowledge: Annotated[
        float | None, Field(description="Bayesian knowledge tracing (Corbett and Anderson 1995), 0..1.")
    ]
    retained: Annotated[
        float | None, Field(description="knowledge x 2^(-days since the last evidence / 45).")
    ]
    level: Annotated[
        str, Field(description="not_enough_data, beginning, developing, proficient or mastered.")
    ]
    evidence: int


@dataclass(frozen=True, slots=True)
class RecentActivity:
    """One event of the activity stream."""

    user_name: str
    event_type: str
    lesson_title: str | None
    xp_earned: int
    occurred_at: AwareDatetime


@dataclass(frozen=True, slots=True)
class RealtimeFigures:
    """What happens now; the only answer that looks at the real now instead of as_of."""

    active_users: Annotated[
        int | None, Field(description="Distinct users with an event in the last 5 minutes.")
    ]
    activities_today: int | None
    recent_activities: list[RecentActivity]
    observed_at: Annotated[AwareDatetime, Field(description="When the source was last read.")]
    lag_seconds: Annotated[float, Field(description="Seconds between that moment and this answer.")]


@dataclass(frozen=True, slots=True)
class EngagementSummary:
    """Figures of the whole window."""

    average_dau: float
    peak_dau: int
    peak_date: Annotated[
        dt.date | None, Field(description="The earliest date of the peak; null without activity.")
    ]
    activities: int
    growth_rate: Annotated[
        float | None,
        Field(description="Mean DAU of the last 7 dates against that of the first 7; null below 14 days."),
    ]


@dataclass(frozen=True, slots=True)
class EngagementDay:
    """Engagement on one date."""

    date: dt.date
    active_users: int
    wau: Annotated[int, Field(description="Distinct users of the 7 dates up to this one.")]
    mau: Annotated[int, Field(description="Distinct users of the 28 dates up to this one.")]
    stickiness: Annotated[float | None, Field(description="active_users / mau; null when mau is 0.")]
    activities: int
    xp: int
    sessions: int


@dataclass(frozen=True, slots=True)
class EngagementTrend:
    """One row per date of the window, zero-filled."""

    summary: EngagementSummary
    daily: list[EngagementDay]


@dataclass(frozen=True, slots=True)
class ViewedLesson:
    """A lesson and how often it was seen."""

    lesson_id: str
    title: str
    course: str | None
    views: int
    learners: Annotated[int, Field(description="Distinct students among the viewers.")]


@dataclass(frozen=True, slots=True)
class CourseCompletion:
    """A course with progress rows updated in the window."""

    course_id: str
    course: str
    average_completion: float
    learners: int
    completions: int


@dataclass(frozen=True, slots=True)
class ContentDay:
    """Views and completed lessons of one date."""

    date: dt.date
    views: int
    completions: int


@dataclass(frozen=True, slots=True)
class ContentTrend:
    """What was looked at and completed in the window."""

    most_viewed: list[ViewedLesson]
    completion_by_course: list[CourseCompletion]
    daily: list[ContentDay]


@dataclass(frozen=True, slots=True)
class TopPerformer:
    """One of the first ten of the leaderboard."""

    rank: int
    user_id: str
    name: str
    xp: int


@dataclass(frozen=True, slots=True)
class RecentCompletion:
    """A lesson that somebody completed."""

    user_id: str
    name: str
    lesson: str
    course: str | None
    completed_at: AwareDatetime


@dataclass(frozen=True, slots=True)
class Dashboard:
    """The window at a glance; average_completion is over all progress rows in scope."""

    active_users: int
    activities: int
    average_completion: float | None
    average_quiz_score: float | None
    top_performers: list[TopPerformer]
    recent_completions: list[RecentCompletion]


@dataclass(frozen=True, slots=True)
class SummaryXp:
    """XP earned in the range."""

    total: int
    average_per_active_user: float | None


@dataclass(frozen=True, slots=True)
class SummaryProgress:
    """Progress rows updated in the range, and lessons completed in it."""

    average: float | None
    completions: int


@dataclass(frozen=True, slots=True)
class SummaryQuizzes:
    """Attempts completed in the range."""

    attempts_completed: int
    average_score: float | None


@dataclass(frozen=True, slots=True)
class Summary:
    """Figures of any range of local dates, of all or of one class's learners."""

    users_active: int
    activities: int
    xp: SummaryXp
    progress: SummaryProgress
    quizzes: SummaryQuizzes
