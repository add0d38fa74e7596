"""Classes and who is in them."""

import numpy as np
import polars as pl

from demo.catalogue import COURSES_EACH, SUBJECTS, Catalogue, dated
from demo.people import GHOST, TEACHER, People
from demo.places import Schools
from demo.plan import DAY, SECOND, Ints, Plan

CLASS_SIZE = 24


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
    return dated(columns, np.full(size + odd, plan.now - (plan.days + 100) * DAY))


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
