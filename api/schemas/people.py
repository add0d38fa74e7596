"""Answers of /users."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pydantic import AwareDatetime

from api.tokens import Role


@dataclass(frozen=True, slots=True)
class Me:
    """The caller. No school: the whole platform, none at all, or one that no build has seen yet."""

    role: Role
    school_id: str | None
    school_name: str | None
    timezone: str


@dataclass(frozen=True, slots=True)
class User:
    """One row of the platform's users."""

    id: str
    username: str
    email: str
    first_name: str | None
    last_name: str | None
    role: str
    school_id: str | None
    is_active: bool
    last_login: AwareDatetime | None
    created_at: AwareDatetime


@dataclass(frozen=True, slots=True)
class TeacherStats:
    """Classes of a teacher, and the distinct learners enrolled in them."""

    total_classes: int
    total_students: int


@dataclass(frozen=True, slots=True)
class StudentStats:
    """Enrolments of a student that are not withdrawn, and XP of all time."""

    total_enrollments: int
    total_xp: int


@dataclass(frozen=True, slots=True)
class UserDetail(User):
    """One user with the figures of the role; null for an administrator."""

    stats: TeacherStats | StudentStats | None


class UserRole(StrEnum):
    """The roles of the platform's users."""

    ADMIN = "ADMIN"
    TEACHER = "TEACHER"
    STUDENT = "STUDENT"
