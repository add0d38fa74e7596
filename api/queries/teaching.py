"""GET /classes/, /classes/{class_id}/learners and /learners/{user_id}/mastery."""

from __future__ import annotations

from collections import defaultdict
from typing import Any
from uuid import UUID

from api.names import Person, shown_id, shown_name
from api.queries.classes import find_class
from api.queries.people import PERSON_COLUMNS, PERSON_WIDTH, person_in_scope
from api.queries.rows import in_school
from api.queries.students import REASONS, mastery_by_subject
from api.respond import Listing
from api.schemas.teaching import ClassLearner, ClassSummary, CourseLevel, LearnerMastery
from api.scope import Scope
from api.snapshots import Snapshot

_CLASSES = """
SELECT
    dim_class.class_id,
    dim_class.name,
    dim_course.title AS course,
    dim_class.is_active,
    coalesce(enrolled.learners, 0) AS learners,
    class_mastery.average_mastery,
    class_mastery.average_knowledge,
    coalesce(risk.at_risk, 0) AS at_risk
FROM dim_class
LEFT JOIN dim_course ON dim_course.course_key = dim_class.course_key
LEFT JOIN class_mastery ON class_mastery.class_key = dim_class.class_key
LEFT JOIN (
    SELECT fct_enrollment.class_key, count(*) AS learners
    FROM fct_enrollment
    JOIN dim_user ON dim_user.user_key = fct_enrollment.user_key AND dim_user.is_learner
    WHERE fct_enrollment.is_enrolled
    GROUP BY fct_enrollment.class_key
) AS enrolled ON enrolled.class_key = dim_class.class_key
LEFT JOIN (
    SELECT class_key, count(*) AS at_risk FROM learner_at_risk WHERE is_at_risk GROUP BY class_key
) AS risk ON risk.class_key = dim_class.class_key
WHERE {school}
ORDER BY dim_class.name, dim_class.class_id
"""

_LEARNERS = f"""
SELECT
    {PERSON_COLUMNS},
    risk.never_started,
    risk.is_inactive,
    risk.has_low_accuracy,
    risk.is_behind_class,
    risk.course_progress,
    risk.recent_score
FROM fct_enrollment AS enrollment
JOIN identity.users AS users ON users.user_key = enrollment.user_key
LEFT JOIN learner_at_risk AS risk
    ON risk.class_key = enrollment.class_key AND risk.user_key = enrollment.user_key
WHERE enrollment.class_key = $class AND enrollment.is_enrolled AND users.role = 'STUDENT'
ORDER BY users.last_name, users.first_name, users.user_id
"""  # noqa: S608 - our own column names

_LEVELS = """
SELECT mastery.user_key, dim_course.course_id, dim_course.title, mastery.mastery, mastery.knowledge,
    mastery.level, mastery.evidence
FROM learner_course_mastery AS mastery
JOIN dim_course ON dim_course.course_key = mastery.course_key
WHERE mastery.user_key IN (SELECT unnest($users))
ORDER BY dim_course.title, dim_course.course_id
"""


def list_classes(snapshot: Snapshot, scope: Scope) -> Listing:
    """The classes in scope by name, with enrolment, mastery and the number of learners at risk."""
    school, params = in_school(scope, "dim_class.school_key")
    classes = [ClassSummary(**row) for row in snapshot.records(_CLASSES.format(school=school), params)]
    return Listing(classes, limit=len(classes), total=len(classes), offset=0)


def class_learners(snapshot: Snapshot, scope: Scope, class_id: UUID) -> Listing:
    """The enrolled learners of a class by name. Raises NotFound for an unknown or another school's class."""
    rows = snapshot.query(_LEARNERS, {"class": find_class(snapshot, scope, class_id).class_key})
    people = [Person.of(row[:PERSON_WIDTH]) for row in rows]
    levels = _levels(snapshot, people)
    learners = [
        _learner(scope, person, row[PERSON_WIDTH:], levels[person.user_key])
        for person, row in zip(people, rows, strict=True)
    ]
    return Listing(learners, limit=len(learners), total=len(learners), offset=0)


def learner_mastery(snapshot: Snapshot, scope: Scope, user_id: UUID) -> LearnerMastery:
    """One person's mastery by subject. Raises NotFound for an unknown person or another school's."""
    person = person_in_scope(snapshot, scope, user_id)
    return LearnerMastery(
        user_id=shown_id(scope, person),
        name=shown_name(scope, person),
        subjects=mastery_by_subject(snapshot, person),
    )


def _learner(scope: Scope, person: Person, risk: tuple[Any, ...], courses: list[CourseLevel]) -> ClassLearner:
    reasons = [reason for reason, holds in zip(REASONS.values(), risk, strict=False) if holds]
    *_, course_progress, recent_score = risk
    return ClassLearner(
        user_id=shown_id(scope, person),
        name=shown_name(scope, person),
        is_at_risk=bool(reasons),
        reasons=reasons,
        course_progress=course_progress,
        recent_score=recent_score,
        courses=courses,
    )


def _levels(snapshot: Snapshot, people: list[Person]) -> defaultdict[int, list[CourseLevel]]:
    levels: defaultdict[int, list[CourseLevel]] = defaultdict(list)
    for user_key, *level in snapshot.query(_LEVELS, {"users": [person.user_key for person in people]}):
        levels[user_key].append(CourseLevel(*level))
    return levels
