"""Persons by id or key, and under which name a caller sees them."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from api.errors import Forbidden, NotFound
from api.names import Person
from api.scope import Scope
from api.snapshots import Snapshot

PERSON_COLUMNS = (
    "users.user_key, users.user_id, users.role, users.school_key, users.username, users.first_name,"
    " users.last_name, users.is_below_consent_age, users.pseudonym"
)
PERSON_WIDTH = 9
# Rows lie in the order of their keys: a lookup by key reads one block, one by id all of them.
_WITH_KEY = "FROM identity.users AS users WHERE users.user_key = ?"


def find_person(snapshot: Snapshot, user_id: UUID) -> Person | None:
    """The person with this id, whatever the school; None when the snapshot holds no such person."""
    user_key = snapshot.user_key(user_id)
    row = snapshot.one(f"SELECT {PERSON_COLUMNS} {_WITH_KEY}", [user_key])
    return None if row is None else Person.of(row)


def own_person(snapshot: Snapshot, scope: Scope) -> Person:
    """The caller's own person. Raises NotFound when the snapshot does not hold it."""
    return _known(find_person(snapshot, scope.caller.user_id))


def person_in_scope(snapshot: Snapshot, scope: Scope, user_id: UUID) -> Person:
    """The person with this id. Raises NotFound for an unknown one or another school's."""
    person = find_person(snapshot, user_id)
    return _known(person if person and scope.sees(person.school_key) else None)


def check_self(scope: Scope, user_id: UUID | None) -> None:
    """Raises Forbidden when somebody else is asked for, whether that person exists or not."""
    if user_id not in (None, scope.caller.user_id):
        raise Forbidden


def people_by_id(snapshot: Snapshot, user_ids: Iterable[UUID]) -> dict[UUID, Person]:
    """The known ones of these persons."""
    rows = snapshot.query(
        f"SELECT {PERSON_COLUMNS} FROM identity.users AS users WHERE users.user_id IN (SELECT unnest($ids))",  # noqa: S608
        {"ids": list(user_ids)},
    )
    return {person.user_id: person for person in (Person.of(row) for row in rows)}


def _known(person: Person | None) -> Person:
    if person is None:
        raise NotFound("There is no such person for this caller.")
    return person
