"""GET /users/ and /users/{user_id}."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from api.names import Person
from api.queries.people import check_self, own_person, person_in_scope
from api.queries.rows import in_school, in_utc, in_utc_or_none
from api.queries.students import total_xp
from api.respond import Listing
from api.schemas.people import StudentStats, TeacherStats, User, UserDetail, UserRole
from api.scope import Scope
from api.snapshots import Snapshot
from api.tokens import Role

_USERS = """
SELECT
    users.user_key, users.user_id, users.username, users.email, users.first_name, users.last_name, users.role,
    users.school_key, users.is_active, users.last_login, users.created_at
FROM identity.users AS users
WHERE users.user_key IN ({keys})
"""

_COUNT = "SELECT count(*) FROM identity.users AS users WHERE {condition}"

# One search for page and total; only keys and names are sorted, the other columns come for the page alone.
_PAGE = """
SELECT users.user_key, count(*) OVER () AS total
FROM identity.users AS users
WHERE {condition}
ORDER BY users.username, users.user_key LIMIT $limit OFFSET $offset
"""

_MATCHES = """
    contains(lower(users.username), lower($search))
    OR contains(lower(users.email), lower($search))
    OR contains(lower(concat_ws(' ', users.first_name, users.last_name)), lower($search))
"""

_TEACHING = """
SELECT
    count(DISTINCT dim_class.class_key) AS total_classes,
    count(DISTINCT fct_enrollment.user_key) FILTER (WHERE dim_user.is_learner) AS total_students
FROM dim_class
LEFT JOIN fct_enrollment
    ON fct_enrollment.class_key = dim_class.class_key AND fct_enrollment.is_enrolled
LEFT JOIN dim_user ON dim_user.user_key = fct_enrollment.user_key
WHERE dim_class.teacher_key = $user
"""

_ENROLLMENTS = "SELECT count(*) FROM fct_enrollment WHERE user_key = $user AND is_enrolled"


@dataclass(frozen=True)
class UserFilter:
    """Which users to list: a text in username, e-mail or name, a role, and the page."""

    search: str | None
    role: UserRole | None
    limit: int
    offset: int


def list_users(snapshot: Snapshot, scope: Scope, wanted: UserFilter) -> Listing:
    """One page of the users in scope by username."""
    condition, params = _condition(scope, wanted)
    page = {**params, "limit": wanted.limit, "offset": wanted.offset}
    found = snapshot.query(_PAGE.format(condition=condition), page)
    total = found[0][1] if found else _count(snapshot, condition, params)
    users = [User(**fields) for fields in _users(snapshot, [row[0] for row in found])]
    return Listing(users, limit=wanted.limit, total=total, offset=wanted.offset)


def user_detail(snapshot: Snapshot, scope: Scope, user_id: UUID) -> UserDetail:
    """One user with the figures of the role: anybody in scope for an administrator, the caller for others.

    Raises Forbidden (403) or NotFound (404).
    """
    person = _person(snapshot, scope, user_id)
    (fields,) = _users(snapshot, [person.user_key])
    return UserDetail(**fields, stats=_stats(snapshot, person))


def _person(snapshot: Snapshot, scope: Scope, user_id: UUID) -> Person:
    if scope.role is Role.ADMIN and user_id != scope.caller.user_id:
        return person_in_scope(snapshot, scope, user_id)
    check_self(scope, user_id)
    return own_person(snapshot, scope)


def _count(snapshot: Snapshot, condition: str, params: dict[str, Any]) -> int:
    """How many there are when the page lies behind the last of them."""
    return int(snapshot.query(_COUNT.format(condition=condition), params)[0][0])


def _condition(scope: Scope, wanted: UserFilter) -> tuple[str, dict[str, Any]]:
    school, params = in_school(scope, "users.school_key")
    conditions: list[str] = [school]
    values: dict[str, Any] = dict(params)
    if wanted.search:
        conditions.append(f"({_MATCHES})")
        values["search"] = wanted.search
    if wanted.role:
        conditions.append("users.role = $role")
        values["role"] = wanted.role.value
    return " AND ".join(conditions), values


def _users(snapshot: Snapshot, keys: list[int]) -> list[dict[str, Any]]:
    """Fields of `User` of these persons, in this order."""
    if not keys:
        return []
    rows = snapshot.records(_USERS.format(keys=", ".join("?" * len(keys))), keys)
    by_key = {row.pop("user_key"): row for row in rows}
    return [_fields(snapshot, by_key[key]) for key in keys]


def _fields(snapshot: Snapshot, row: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": str(row.pop("user_id")),
        "school_id": snapshot.school_ids.get(row.pop("school_key")),
        **row,
        "last_login": in_utc_or_none(row["last_login"]),
        "created_at": in_utc(row["created_at"]),
    }


def _stats(snapshot: Snapshot, person: Person) -> TeacherStats | StudentStats | None:
    if person.role == UserRole.TEACHER:
        return TeacherStats(**snapshot.records(_TEACHING, {"user": person.user_key})[0])
    if person.role == UserRole.STUDENT:
        enrollments = snapshot.query(_ENROLLMENTS, {"user": person.user_key})[0][0]
        return StudentStats(total_enrollments=enrollments, total_xp=total_xp(snapshot, person))
    return None
