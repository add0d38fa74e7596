"""Who is at risk, by count: learners of the scope once each, and where they are."""

from __future__ import annotations

from dataclasses import dataclass

from api.queries.rows import in_school
from api.queries.teaching import list_classes
from api.scope import Scope
from api.snapshots import Snapshot

SHOWN_PLACES = 8

# A learner who is at risk in two classes is one learner at risk.
_LEARNERS = """
SELECT
    count(DISTINCT user_key) AS learners,
    count(DISTINCT user_key) FILTER (WHERE is_at_risk) AS at_risk,
    count(DISTINCT user_key) FILTER (WHERE never_started) AS never_started,
    count(DISTINCT user_key) FILTER (WHERE is_inactive) AS inactive,
    count(DISTINCT user_key) FILTER (WHERE has_low_accuracy) AS low_accuracy,
    count(DISTINCT user_key) FILTER (WHERE is_behind_class) AS behind_class
FROM learner_at_risk
"""

_SCHOOLS = """
SELECT
    dim_school.name,
    count(DISTINCT risk.user_key) AS learners,
    count(DISTINCT risk.user_key) FILTER (WHERE risk.is_at_risk) AS at_risk
FROM learner_at_risk AS risk
JOIN dim_school ON dim_school.school_key = risk.school_key
GROUP BY dim_school.school_key, dim_school.name
"""


@dataclass(frozen=True)
class Place:
    """A class, or a school of the platform: learners there, and how many of them are at risk."""

    name: str
    learners: int
    at_risk: int


@dataclass(frozen=True)
class Risk:
    """Distinct enrolled learners who have not completed the course of a class, and why they are at risk.

    `places` are the classes of a school or the schools of the platform with learners at risk, most first.
    """

    learners: int
    at_risk: int
    never_started: int
    inactive: int
    low_accuracy: int
    behind_class: int
    places: tuple[Place, ...]
    more_places: int


def find_risk(snapshot: Snapshot, scope: Scope) -> Risk:
    """The counts of the scope."""
    school, params = in_school(scope)
    counts = snapshot.records(f"{_LEARNERS} WHERE {school}", params)[0]
    places = _schools(snapshot) if scope.platform else _classes(snapshot, scope)
    places = sorted((one for one in places if one.at_risk), key=lambda one: (-one.at_risk, one.name))
    return Risk(**counts, places=tuple(places[:SHOWN_PLACES]), more_places=len(places[SHOWN_PLACES:]))


def _schools(snapshot: Snapshot) -> list[Place]:
    return [Place(*row) for row in snapshot.query(_SCHOOLS)]


def _classes(snapshot: Snapshot, scope: Scope) -> list[Place]:
    return [Place(one.name, one.learners, one.at_risk) for one in list_classes(snapshot, scope).rows]
