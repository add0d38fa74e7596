"""Under which name a caller sees a person: the one place that decides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from api.scope import Scope
from api.tokens import Role

YOU = "You"


@dataclass(frozen=True, slots=True)
class Person:
    """Who somebody is, as identity.duckdb knows it."""

    user_key: int
    user_id: UUID
    role: str
    school_key: int
    username: str
    first_name: str | None
    last_name: str | None
    is_below_consent_age: bool
    pseudonym: str

    @property
    def is_child(self) -> bool:
        """Whether this is a learner below the age of digital consent."""
        return self.role == "STUDENT" and self.is_below_consent_age

    @classmethod
    def of(cls, row: Sequence[Any]) -> Person:
        """From the columns of `api.queries.people.PERSON_COLUMNS`."""
        return cls(*row)


def shown_name(scope: Scope, person: Person) -> str:
    """Full for administrators and teachers of the school, shortened or a pseudonym for everybody else."""
    if scope.role in (Role.ADMIN, Role.TEACHER) and scope.sees(person.school_key):
        return full_name(person)
    if not scope.is_student:
        return person.pseudonym
    if person.user_id == scope.caller.user_id:
        return YOU
    return person.pseudonym if person.is_child else short_name(person)


def shown_id(scope: Scope, person: Person) -> str | None:
    """The person's id; for a student only the own."""
    is_hidden = scope.is_student and person.user_id != scope.caller.user_id
    return None if is_hidden else str(person.user_id)


def full_name(person: Person) -> str:
    """First and last name; the username when there is neither."""
    return " ".join(filter(None, (person.first_name, person.last_name))) or person.username


def short_name(person: Person) -> str:
    """First name and initial, such as "Ada L."; the pseudonym without a first name."""
    if not person.first_name:
        return person.pseudonym
    return f"{person.first_name} {person.last_name[0]}." if person.last_name else person.first_name
