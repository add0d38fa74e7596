"""Answers of /classes and of one learner's mastery: what a teacher works with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from api.schemas.analytics import SubjectMastery


@dataclass(frozen=True, slots=True)
class ClassSummary:
    """One class with the figures of its enrolled learners."""

    class_id: str
    name: str
    course: str | None
    is_active: bool
    learners: Annotated[int, Field(description="Enrolled learners.")]
    average_mastery: Annotated[float | None, Field(description="Mean course mastery, 0..100.")]
    average_knowledge: Annotated[float | None, Field(description="Mean BKT knowledge, 0..1.")]
    at_risk: Annotated[int, Field(description="Enrolled learners with at least one reason.")]


@dataclass(frozen=True, slots=True)
class CourseLevel:
    """How well one learner stands in one course."""

    course_id: str
    course: str
    mastery: float | None
    knowledge: float | None
    level: str
    evidence: int


@dataclass(frozen=True, slots=True)
class ClassLearner:
    """One enrolled learner of a class: risk in this class, and mastery of every course with evidence."""

    user_id: str | None
    name: str
    is_at_risk: bool
    reasons: list[str]
    course_progress: Annotated[float | None, Field(description="Mastery of the class's course, 0..100.")]
    recent_score: Annotated[
        float | None, Field(description="Mean of the last five completed attempts, 0..100.")
    ]
    courses: list[CourseLevel]


@dataclass(frozen=True, slots=True)
class LearnerMastery:
    """One learner by name, with mastery by subject."""

    user_id: str | None
    name: str
    subjects: list[SubjectMastery]
