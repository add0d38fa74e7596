"""What a caller may see, decided in one place and handed to every query.

Admin and analyst: their school, or the platform without one. Teacher and student: their school, or the
unassigned school (key 0). A student's own person is `user_key`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from api.tokens import Role

if TYPE_CHECKING:
    from api.snapshots import Snapshot

UNASSIGNED_SCHOOL = 0
NO_SCHOOL = -1  # no row carries it: what the platform and an unknown school put where one key is asked for
PLATFORM_ROLES = frozenset({Role.ADMIN, Role.ANALYST})


@dataclass(frozen=True, slots=True)
class Caller:
    """Who the token speaks for, as verified. `school_id` None: see the module's first lines."""

    user_id: UUID
    role: Role
    school_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """A caller's rights in one snapshot.

    platform: sees every school; then school_key is NO_SCHOOL and must not be used to filter.
    school_key: key of the one school seen; NO_SCHOOL (no rows) when the snapshot does not know the school.
    user_key: the caller's own key; None when the snapshot does not know the person.
    """

    caller: Caller
    platform: bool
    school_key: int
    user_key: int | None

    @property
    def role(self) -> Role:
        """The caller's role."""
        return self.caller.role

    @property
    def is_student(self) -> bool:
        """Students see their own person, and aggregates and leaderboards of their school."""
        return self.caller.role is Role.STUDENT

    @property
    def audience(self) -> str:
        """Who gets the same answer when the route does not depend on the person."""
        return f"{self.caller.role}:{'all' if self.platform else self.school_key}"

    def sees(self, school_key: int) -> bool:
        """Whether rows of that school exist for this caller."""
        return self.platform or school_key == self.school_key


def resolve(caller: Caller, snapshot: Snapshot) -> Scope:
    """The scope of a caller in a snapshot. One point query for the person; remembered by the snapshot."""
    platform = caller.school_id is None and caller.role in PLATFORM_ROLES
    return Scope(caller, platform, _school_key(caller, platform, snapshot), snapshot.user_key(caller.user_id))


def _school_key(caller: Caller, platform: bool, snapshot: Snapshot) -> int:
    if platform:
        return NO_SCHOOL
    if caller.school_id is None:
        return UNASSIGNED_SCHOOL
    return snapshot.school_keys.get(str(caller.school_id), NO_SCHOOL)
