"""What is taught and to whom: courses, lessons, contents, quizzes, classes and enrolments."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from demo.people import GHOST, TEACHER, People
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
CLASS_SIZE = 24
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
    return _dated({"id": np.arange(len(titles)), "title": titles, "subject": subjects}, created)


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
    return _dated(columns, created)


def content_rows(plan: Plan, catalogue: Catalogue) -> pl.DataFrame:
    """Return the rows of `contents`: none to three for each lesson, one of a lesson that is gone."""
    stream = plan.stream("contents")
    lesson = np.append(
        np.repeat(np.arange(catalogue.lessons), stream.integers(0, 4, catalogue.lessons)), GHOST
    )
    kinds = np.array(KINDS)[stream.integers(0, len(KINDS), len(lesson))]
    titles = [f"Part {number % 3 + 1}" if number % 7 else None for number in range(len(lesson))]
    created = np.full(len(lesson), plan.now - (plan.days + 199) * DAY)
    return _dated(
        {"id": np.arange(len(lesson)), "lesson_id": lesson, "kind": kinds, "title": titles}, created
    )


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
    return _dated(columns, np.full(count, plan.now - (plan.days + 190) * DAY))


def class_rows(plan: Plan, schools: Schools, people: People, enrolments: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of `classes`, those that `enrolments` names and some odd ones.

    The odd ones are empty: one has no teacher, one no school, one a school that is gone.
    """
    stream = plan.stream("classes")
    taught = enrolments.filter(pl.col("class_id") < GHOST)
    made = taught.unique("class_id", keep="first", maintain_order=True).sort("class_id")
    size, odd = made.height, 3
    school = np.append(made["school"].to_numpy(), [0, schools.count, GHOST])
    course = np.append(made["course"].to_numpy(), [1, 2, len(SUBJECTS)])
    teacher = _teachers(people, school)
    teacher[size] = -1
    columns = {
        "id": np.arange(size + odd),
        "school_id": np.where(school == schools.count, -1, school),
        "course_id": course,
        "teacher_id": teacher,
        "name": [f"Group {number % 40 + 1}" for number in range(size + odd)],
        "is_active": stream.random(size + odd) >= np.where(np.arange(size + odd) == 0, 0.0, 0.1),
    }
    return _dated(columns, np.full(size + odd, plan.now - (plan.days + 100) * DAY))


def enrolment_rows(plan: Plan, people: People, catalogue: Catalogue) -> pl.DataFrame:
    """Return the rows of `class_enrollments`, with the school and course of the class as extra columns."""
    stream = plan.stream("enrolments")
    learner = np.repeat(np.arange(people.learners), COURSES_EACH)
    course = catalogue.courses_of[: people.learners].reshape(-1)
    rows = pl.DataFrame({"student_id": learner, "course": course, "school": people.school[learner]})
    section = pl.int_range(pl.len()).over("school", "course") // CLASS_SIZE
    rows = rows.with_columns(section.alias("section"))
    rows = rows.with_columns(pl.struct("school", "course", "section").rank("dense").sub(1).alias("class_id"))
    rows = _with_odd_enrolments(
        rows.select("class_id", "student_id", "school", "course").cast(pl.Int64), people
    )
    enrolled = np.append(people.created, [plan.now - 50 * DAY])[np.minimum(rows["student_id"], people.count)]
    enrolled = np.minimum(enrolled + stream.integers(1, 5 * DAY, rows.height), plan.now - SECOND)
    enrolled[: 1 + rows.height // 5000] = plan.now + 2 * DAY
    status = np.array(["active", "completed", "withdrawn"])[
        np.searchsorted([0.87, 0.94], stream.random(rows.height), side="right")
    ]
    changed = np.where(status == "active", enrolled, np.minimum(enrolled + 40 * DAY, plan.now))
    columns = {"status": status, "enrolled_at": enrolled, "updated_at": np.maximum(changed, enrolled)}
    return rows.with_columns(**{name: pl.Series(values) for name, values in columns.items()})


def _with_odd_enrolments(rows: pl.DataFrame, people: People) -> pl.DataFrame:
    """Add a class without a course, and enrolments whose class or learner is gone."""
    last = int(rows["class_id"].max())  # type: ignore[arg-type]
    members = min(10, people.learners)
    odd = pl.DataFrame(
        {
            "class_id": [last + 1] * members + [GHOST, GHOST + 1, 0],
            "student_id": [*range(members), 0, 1, GHOST + 5],
            "school": 0,
            "course": -1,
        }
    )
    return pl.concat([rows, odd.cast(pl.Int64)])


def _teachers(people: People, school: Ints) -> Ints:
    """Return a teacher of each school in `school`, taking turns."""
    by_school = {number: np.flatnonzero(people.school == number) for number in np.unique(people.school)}
    staff = {number: found[people.role[found] == TEACHER] for number, found in by_school.items()}
    anyone = np.flatnonzero(people.role == TEACHER)
    chosen = [staff.get(number, anyone) for number in school]
    return np.array([group[turn % len(group)] for turn, group in enumerate(chosen)], dtype=np.int64)


def _dated(columns: dict[str, object], created: Ints) -> pl.DataFrame:
    return pl.DataFrame({**columns, "created_at": created, "updated_at": created + 5 * DAY})
