"""Persons by id or key.

A snapshot remembers whom it has been asked about: a join with everybody's identities costs several times
what the query beside it does.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable
from uuid import UUID

from cachetools import LRUCache

from api.errors import Forbidden, NotFound
from api.names import Person
from api.scope import Scope
from api.snapshots import Snapshot

PERSON_COLUMNS = (
    "users.user_key, users.user_id, users.role, users.school_key, users.username, users.first_name,"
    " users.last_name, users.is_below_consent_age, users.pseudonym"
)
PERSON_WIDTH = 9
REMEMBERED_PERSONS = 20_000  # some 10 MB


def people_by_key(snapshot: Snapshot, user_keys: Collection[int]) -> dict[int, Person]:
    """The known ones of these persons."""
    remembered = snapshot.remember("people", _Remembered)
    found = remembered.known(user_keys)
    if missing := [key for key in user_keys if key not in found]:
        read = _read(snapshot, missing)
        remembered.keep(read)
        found |= read
    return found


def find_person(snapshot: Snapshot, user_id: UUID) -> Person | None:
    """The person with this id, whatever the school; None when the snapshot holds no such person."""
    user_key = snapshot.user_key(user_id)
    return None if user_key is None else people_by_key(snapshot, [user_key]).get(user_key)


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
    keys = {snapshot.user_key(user_id) for user_id in user_ids}
    people = people_by_key(snapshot, [key for key in keys if key is not None])
    return {person.user_id: person for person in people.values()}


class _Remembered:
    """The persons last asked about, by key; used from any thread."""

    def __init__(self) -> None:
        self._people: LRUCache[int, Person] = LRUCache(REMEMBERED_PERSONS)
        self._lock = threading.Lock()

    def known(self, user_keys: Iterable[int]) -> dict[int, Person]:
        with self._lock:
            return {key: person for key in user_keys if (person := self._people.get(key)) is not None}

    def keep(self, people: dict[int, Person]) -> None:
        with self._lock:
            self._people.update(people)


def _read(snapshot: Snapshot, user_keys: Collection[int]) -> dict[int, Person]:
    # Values in a list and not in an array: only then does DuckDB skip the blocks that hold none of them.
    wanted = ", ".join("?" * len(user_keys))
    rows = snapshot.query(
        f"SELECT {PERSON_COLUMNS} FROM identity.users AS users WHERE users.user_key IN ({wanted})",  # noqa: S608
        list(user_keys),
    )
    return {person.user_key: person for person in (Person.of(row) for row in rows)}


def _known(person: Person | None) -> Person:
    if person is None:
        raise NotFound("There is no such person for this caller.")
    return person
