"""The authorisation matrix against the real server, and that no route is missing from it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import duckdb
import httpx
import jwt
import pytest

from api.manifest import IDENTITY_FILE, MARTS_FILE
from api.openapi import route_table
from tests.api.authorisation_matrix import BODIES, expectations, rows
from tests.api.serving import BASE, SECRET, bearer, client_of, settings_for, token
from tests.conftest import School


@dataclass(frozen=True)
class Things:
    """Ids of one school."""

    school: UUID
    student: UUID
    classmate: UUID
    teacher: UUID
    class_id: UUID
    run: str

    def named(self, path: str) -> str:
        """A path of the matrix with this school's ids in it."""
        return path.format(
            school=self.school,
            student=self.student,
            **{"class": self.class_id},
            run=self.run,
            receipt=uuid4(),
        )


@pytest.fixture(scope="module")
def served(school: School) -> Iterator[httpx.Client]:
    """A server on the published night and its source."""
    with client_of(settings_for(school.settings.data_dir, source_url=school.source_url)) as client:
        yield client


@pytest.fixture(scope="module")
def schools(school: School) -> tuple[Things, Things]:
    """School A and school B."""
    run = next(school.settings.runs_dir.glob("*.json")).stem
    with duckdb.connect() as connection:
        for name in (MARTS_FILE, IDENTITY_FILE):
            connection.execute(f"ATTACH '{school.snapshot / name}' AS {name.partition('.')[0]} (READ_ONLY)")
        found = connection.execute("""
            SELECT dim_school.school_id, list(users.user_id ORDER BY users.user_key)
                FILTER (role = 'STUDENT' AND users.is_active),
                any_value(users.user_id) FILTER (role = 'TEACHER'),
                (SELECT any_value(class_id) FROM marts.dim_class AS c
                    WHERE c.school_key = dim_school.school_key)
            FROM marts.dim_school JOIN identity.users ON users.school_key = dim_school.school_key
            WHERE dim_school.school_key > 0 GROUP BY ALL ORDER BY count(*) DESC LIMIT 2
        """).fetchall()
    return tuple(_things(*row, run) for row in found)  # type: ignore[return-value]


def _things(school: str, students: list[UUID], teacher: UUID, class_id: str, run: str) -> Things:
    return Things(UUID(school), students[0], students[1], teacher, UUID(class_id), run)


def _callers(a: Things) -> dict[str, dict[str, str]]:
    return {
        "platform admin": bearer("admin", None, a.teacher),
        "school admin": bearer("admin", a.school, a.teacher),
        "teacher": bearer("teacher", a.school, a.teacher),
        "student": bearer("student", a.school, a.student),
        "platform analyst": bearer("analyst", None, a.teacher),
        "school analyst": bearer("analyst", a.school, a.teacher),
        "teacher none": bearer("teacher", None, a.teacher),
        "student none": bearer("student", None, a.classmate),
        "other school": bearer("admin", a.school, a.teacher),
        "other person": bearer("student", a.school, a.classmate),
    }


def _ask(client: httpx.Client, method: str, path: str, headers: dict[str, str]) -> httpx.Response:
    body = BODIES.get(path.partition("?")[0]) if method == "POST" else None
    return client.request(method, BASE + path, headers=headers, json=body)


def test_every_cell_of_the_matrix(served: httpx.Client, schools: tuple[Things, Things]) -> None:
    a, b = schools
    callers = _callers(a)
    wrong = []
    for method, path, column, status in expectations():
        subject = b if column == "other school" else a
        answer = _ask(served, method, subject.named(path), callers[column])
        if answer.status_code != status:
            wrong.append(f"{method} {path}, {column}: {answer.status_code} instead of {status}")
    assert wrong == []


def _unsigned() -> str:
    claims = {"sub": str(uuid4()), "role": "admin", "exp": datetime.now(UTC) + timedelta(hours=1)}
    return jwt.encode(claims, None, algorithm="none")


def _of_another_key() -> str:
    claims = {"sub": str(uuid4()), "role": "admin", "exp": datetime.now(UTC) + timedelta(hours=1)}
    return jwt.encode(claims, SECRET[::-1], algorithm="HS256")


BAD_TOKENS: dict[str, Callable[[], str | None]] = {
    "no token": lambda: None,
    "expired": lambda: token("admin", hours=-0.01),
    "wrong key": _of_another_key,
    "alg none": _unsigned,
}


@pytest.mark.parametrize("flaw", BAD_TOKENS)
def test_every_route_is_401_without_a_good_token(
    served: httpx.Client, schools: tuple[Things, Things], flaw: str
) -> None:
    made = BAD_TOKENS[flaw]()
    headers = {} if made is None else {"Authorization": f"Bearer {made}"}
    answers = {f"{m} {p}": _ask(served, m, schools[0].named(p), headers).status_code for m, p in rows()}
    assert set(answers.values()) == {401}, answers


def test_a_student_cannot_tell_whether_somebody_exists(
    served: httpx.Client, schools: tuple[Things, Things]
) -> None:
    """403 for real ids and 404 for others would let a student find out who is there."""
    a, b = schools
    student = bearer("student", a.school, a.student)
    for path in ("/users/{}", "/analytics/student-progress?student_id={}"):
        answers = [
            served.get(BASE + path.format(i), headers=student) for i in (a.classmate, b.student, uuid4())
        ]
        assert [answer.status_code for answer in answers] == [403, 403, 403]
        assert len({answer.text for answer in answers}) == 1


def test_an_unknown_id_and_another_schools_cannot_be_told_apart(
    served: httpx.Client, schools: tuple[Things, Things]
) -> None:
    a, b = schools
    admin = bearer("admin", a.school)
    pairs = [
        (f"/users/{b.student}", f"/users/{uuid4()}"),
        (f"/schools/{b.school}", f"/schools/{uuid4()}"),
        (f"/classes/{b.class_id}/learners", f"/classes/{uuid4()}/learners"),
        (f"/analytics/summary?class_id={b.class_id}", f"/analytics/summary?class_id={uuid4()}"),
    ]
    for theirs, unknown in pairs:
        first, second = (served.get(BASE + path, headers=admin) for path in (theirs, unknown))
        assert (first.status_code, first.text) == (404, second.text)


def test_every_route_has_a_line() -> None:
    """A route that nobody thought about is open to somebody."""
    missing = {
        (entry.method, entry.path) for entry in route_table() if entry.roles is not None
    } - _routes_of_the_matrix()
    assert missing == set()


def _routes_of_the_matrix() -> set[tuple[str, str]]:
    return {
        (entry.method, entry.path)
        for entry in route_table()
        for method, path in rows()
        if entry.method == method and re.fullmatch(_pattern(entry.path), BASE + path.partition("?")[0])
    }


def _pattern(template: str) -> str:
    return re.sub(r"\{[^}]+\}", "[^/]+", template)
