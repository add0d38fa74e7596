"""Lessons and courses by key, read once a snapshot: a join costs more than the rest of an answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from api.snapshots import Snapshot

_COURSES = "SELECT course_key, course_id, title FROM dim_course"
_LESSONS = "SELECT lesson_key, lesson_id, title, course_key FROM dim_lesson"


@dataclass(frozen=True, slots=True)
class Course:
    """A course of the source, by its id there."""

    course_id: str
    title: str


@dataclass(frozen=True, slots=True)
class Lesson:
    """A lesson of the source, by its id there; `course` is the title of its course, None without one."""

    lesson_id: str
    title: str
    course: str | None


def courses(snapshot: Snapshot) -> Mapping[int, Course]:
    """Every course by its key."""
    return snapshot.remember("courses", lambda: _courses(snapshot))


def lessons(snapshot: Snapshot) -> Mapping[int, Lesson]:
    """Every lesson by its key."""
    return snapshot.remember("lessons", lambda: _lessons(snapshot))


def _courses(snapshot: Snapshot) -> dict[int, Course]:
    return {key: Course(course_id, title) for key, course_id, title in snapshot.query(_COURSES)}


def _lessons(snapshot: Snapshot) -> dict[int, Lesson]:
    titles = {key: course.title for key, course in courses(snapshot).items()}
    return {
        key: Lesson(lesson_id, title, titles.get(course_key))
        for key, lesson_id, title, course_key in snapshot.query(_LESSONS)
    }
