"""What is taught and where: schools, courses, lessons, contents and quizzes."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from demo.people import GHOST, People
from demo.places import Schools
from demo.plan import DAY, SECOND, Ints, Plan

SUBJECTS = (
    "Algebra",
    "Biology",
    "Chemistry",
    "World history",
    "Geography",
    "Physics",
    "Spanish",
    "Programming",
    "Astronomy",
    "Music theory",
    "Economics",
    "Statistics",
)
COURSES_EACH = 3
KINDS = ("video", "text", "exercise", "game")
PASS_SCORES = (70.0, 70.0, 70.0, 50.0, 80.0)


@dataclass(frozen=True)
class Catalogue:
    """Courses with the numbers of their lessons and quizzes, which lie side by side.

    `lesson_first[c]`/`lesson_count[c]` and `quiz_first[c]`/`quiz_count[c]`; `courses_of` has shape
    (accounts, 3): the courses that an account follows or teaches.
    """

    lesson_first: Ints
    lesson_count: Ints
    quiz_first: Ints
    quiz_count: Ints
    loose_quizzes: Ints  # quizzes without a lesson, or with one that is gone
    courses_of: Ints

    @property
    def lessons(self) -> int:
        """How many lessons there are."""
        return int(self.lesson_count.sum())

    @property
    def quizzes(self) -> int:
        """How many quizzes there are, the loose ones included."""
        return int(self.quiz_count.sum()) + len(self.loose_quizzes)


def catalogue_of(plan: Plan, people: People) -> Catalogue:
    """Return 12 courses of 12 to 24 lessons, and everybody's three."""
    stream = plan.stream("catalogue")
    lessons = stream.integers(12, 25, len(SUBJECTS))
    quizzes = lessons // 2
    start = people.school * 5 + stream.integers(0, 4, people.count)
    courses = (start[:, None] + np.arange(COURSES_EACH)[None, :]) % len(SUBJECTS)
    return Catalogue(
        lesson_first=np.cumsum(lessons) - lessons,
        lesson_count=lessons,
        quiz_first=np.cumsum(quizzes) - quizzes,
        quiz_count=quizzes,
        loose_quizzes=quizzes.sum() + np.arange(3),
        courses_of=courses.astype(np.int64),
    )


def school_rows(plan: Plan, schools: Schools) -> pl.DataFrame:
    """Return the rows of `schools`."""
    founded = plan.now - (plan.days + 400) * DAY + np.arange(schools.count) * DAY
    return pl.DataFrame(
        {
            "id": np.arange(schools.count),
            "code": schools.codes,
            "name": schools.names,
            "country": [place.country for place in schools.places],
            "timezone": [place.zone for place in schools.places],
            "is_active": [place.is_active for place in schools.places],
            "created_at": founded,
            "updated_at": founded + 30 * DAY,
        }
    )


def course_rows(plan: Plan) -> pl.DataFrame:
    """Return the rows of `courses`: the last one is new, without lessons and without a subject."""
    titles = [*SUBJECTS, "Latin for beginners"]
    created = plan.now - (plan.days + 200) * DAY + np.arange(len(titles)) * 3600 * SECOND
    subjects = [title.lower() for title in SUBJECTS] + [None]
    return dated({"id": np.arange(len(titles)), "title": titles, "subject": subjects}, created)


def lesson_rows(plan: Plan, catalogue: Catalogue) -> pl.DataFrame:
    """Return the rows of `lessons`; many courses begin with a lesson of the same title."""
    course = np.repeat(np.arange(len(SUBJECTS)), catalogue.lesson_count)
    number = np.arange(catalogue.lessons)
    position = number - catalogue.lesson_first[course] + 1
    titles = [
        "Introduction" if place == 1 else f"{SUBJECTS[subject]} {place}"
        for subject, place in zip(course, position, strict=True)
    ]
    created = plan.now - (plan.days + 200) * DAY + number * 600 * SECOND
    columns = {"id": number, "course_id": course, "title": titles, "position": position}
    return dated(columns, created)


def content_rows(plan: Plan, catalogue: Catalogue) -> pl.DataFrame:
    """Return the rows of `contents`: none to three for each lesson, one of a lesson that is gone."""
    stream = plan.stream("contents")
    lesson = np.append(
        np.repeat(np.arange(catalogue.lessons), stream.integers(0, 4, catalogue.lessons)), GHOST
    )
    kinds = np.array(KINDS)[stream.integers(0, len(KINDS), len(lesson))]
    titles = [f"Part {number % 3 + 1}" if number % 7 else None for number in range(len(lesson))]
    created = np.full(len(lesson), plan.now - (plan.days + 199) * DAY)
    return dated({"id": np.arange(len(lesson)), "lesson_id": lesson, "kind": kinds, "title": titles}, created)


def quiz_rows(plan: Plan, catalogue: Catalogue) -> pl.DataFrame:
    """Return the rows of `quizzes`: one on every second lesson, three loose ones at the end."""
    stream = plan.stream("quizzes")
    course = np.repeat(np.arange(len(SUBJECTS)), catalogue.quiz_count)
    nth = np.arange(len(course)) - catalogue.quiz_first[course]
    lesson = np.concatenate([catalogue.lesson_first[course] + 2 * nth + 1, [-1, -1, GHOST]])
    count = len(lesson)
    due = pl.Series(plan.now + stream.integers(-plan.days, 30, count) * DAY)
    columns = {
        "id": np.arange(count),
        "lesson_id": lesson,
        "title": [f"Quiz {number % 9 + 1}" for number in range(count)],
        "pass_score": np.array(PASS_SCORES)[stream.integers(0, len(PASS_SCORES), count)],
        "due_at": due.zip_with(pl.Series(stream.random(count) < 0.6), pl.Series([None], dtype=pl.Int64)),
    }
    return dated(columns, np.full(count, plan.now - (plan.days + 190) * DAY))


def dated(columns: dict[str, object], created: Ints) -> pl.DataFrame:
    """Return rows made at `created` and last changed five days later."""
    return pl.DataFrame({**columns, "created_at": created, "updated_at": created + 5 * DAY})
