"""Shadow comparison: the same questions to the API and to the source in plain SQL, and where they differ."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen
from uuid import UUID, uuid4

import psycopg

from api.tokens import Role, TokenClaims, sign_token
from pipeline.direct import DAYS, Direct, Json, Place, Window, quiet_source
from pipeline.errors import PipelineError
from pipeline.settings import Settings

TOLERANCE: Final = 1e-6
TIMEOUT_SECONDS: Final = 60
_DRAWN_PEOPLE: Final = 50


class ApiAwayError(PipelineError):
    """The API under comparison cannot be asked."""

    code = "api_away"


@dataclass(frozen=True)
class Caller:
    """Whose token a question carries; user_id is the learner's for a student, else nobody's."""

    role: Role
    place: Place
    user_id: UUID

    def __str__(self) -> str:
        return f"{self.role} of {'the platform' if self.place.everybody else 'one school'}"


@dataclass(frozen=True)
class Question:
    """One request, and how the source answers it."""

    caller: Caller
    path: str
    params: dict[str, str]
    expected: Callable[[Direct], Json]

    def __str__(self) -> str:
        query = f"?{urlencode(self.params)}" if self.params else ""
        return f"{self.path}{query} as {self.caller}"


@dataclass(frozen=True)
class Comparison:
    """How many requests were made, and a line for every field that differs."""

    asked: int
    differences: list[str]
    changed_since: int


@dataclass(frozen=True)
class _People:
    learners: list[tuple[UUID, UUID | None]]
    staff: list[tuple[UUID, UUID | None]]
    schools: list[UUID | None]


def compare(settings: Settings, address: str, sample: int, seed: int) -> Comparison:
    """Ask `sample` random questions of the API at `address` and of the source.

    Raises ApiAwayError when the API does not answer, psycopg.Error when the source does not.
    """
    api = _Api(settings, address)
    with quiet_source(settings.require_source_url()) as connection:
        direct = Direct(connection, api.as_of())
        questions = _questions(random.Random(seed), _people(connection, seed))  # noqa: S311 - a sample
        asked = [next(questions) for _ in range(sample)]
        found = [line for question in asked for line in _compared(api, direct, question)]
        return Comparison(len(asked), found, _changed_since(connection, api.as_of()))


def differences(answered: Json, expected: Json, path: str = "data") -> Iterator[str]:
    """A line for every field of two JSON documents that differs; numbers may differ by 1e-6."""
    if isinstance(answered, dict) and isinstance(expected, dict):
        for name in sorted(answered.keys() | expected.keys()):
            if name not in answered or name not in expected:
                yield f"{path}.{name}: only in {'the API' if name in answered else 'the source'}"
            else:
                yield from differences(answered[name], expected[name], f"{path}.{name}")
    elif isinstance(answered, list) and isinstance(expected, list):
        if len(answered) != len(expected):
            yield f"{path}: {len(answered)} items from the API, {len(expected)} from the source"
        for number, (one, other) in enumerate(zip(answered, expected, strict=False)):
            yield from differences(one, other, f"{path}[{number}]")
    elif not _is_equal(answered, expected):
        yield f"{path}: {_shown(answered)} from the API, {_shown(expected)} from the source"


class _Api:
    def __init__(self, settings: Settings, address: str) -> None:
        self._settings = settings
        self._secret = settings.require_jwt_secret()
        self._address = address.rstrip("/")

    def as_of(self) -> datetime:
        status, body = self._get("/readyz", {})
        if status != 200:
            raise ApiAwayError("the API has no snapshot", hint="Run `schoolhouse nightly` first.")
        return datetime.fromisoformat(body["as_of"])

    def ask(self, question: Question) -> tuple[int, Json]:
        query = f"?{urlencode(question.params)}" if question.params else ""
        headers = {"Authorization": f"Bearer {self._token(question.caller)}"}
        return self._get(f"/api/v1{question.path}{query}", headers)

    def _get(self, target: str, headers: dict[str, str]) -> tuple[int, Json]:
        request = Request(f"{self._address}{target}", headers=headers)  # noqa: S310 - the operator's address
        try:
            with urlopen(request, timeout=TIMEOUT_SECONDS) as response:  # noqa: S310
                return response.status, json.load(response)
        except HTTPError as refusal:
            return refusal.code, None
        except (URLError, OSError, ValueError) as failure:
            hint = "Start it with `schoolhouse serve`, or name it with --api."
            raise ApiAwayError(f"no API answers at {self._address}", hint=hint) from failure

    def _token(self, caller: Caller) -> str:
        claims = TokenClaims(
            sub=caller.user_id,
            role=caller.role,
            expires_at=datetime.now(UTC) + timedelta(minutes=10),
            school_id=caller.place.school_id,
            issuer=self._settings.jwt_issuer,
            audience=self._settings.jwt_audience,
        )
        return sign_token(self._secret, claims)


def _compared(api: _Api, direct: Direct, question: Question) -> Iterator[str]:
    status, body = api.ask(question)
    if status != 200:
        yield f"{question}: the API answered {status}"
        return
    for line in differences(body["data"], question.expected(direct)):
        yield f"{question}: {line}"


def _questions(chance: random.Random, people: _People) -> Iterator[Question]:
    """Questions without end; every kind comes before any comes again."""
    kinds = (_overview, _engagement, _content, _summary, _dashboard, _leaderboard)
    personal = (_student_progress, _weekly_xp, _subject_mastery, _user)
    while True:
        for general in kinds:
            yield general(chance, _administrator(chance, people))
        for own in personal if people.learners else ():
            yield own(chance, people)


def _administrator(chance: random.Random, people: _People) -> Caller:
    is_platform = chance.random() < 0.3
    school = None if is_platform else chance.choice(people.schools)
    # Without a school an administrator is the platform's: the unassigned school has teachers only.
    place = Place(everybody=school is None, school_id=school)
    return Caller(Role.ADMIN, place, uuid4())


def _overview(_: random.Random, caller: Caller) -> Question:
    return Question(caller, "/analytics/overview", {}, lambda source: source.overview(caller.place))


def _engagement(chance: random.Random, caller: Caller) -> Question:
    days = chance.choice((1, 13, 14, 30, 60))
    path = "/analytics/trends/engagement"
    return Question(caller, path, {"days": str(days)}, lambda source: source.engagement(caller.place, days))


def _content(chance: random.Random, caller: Caller) -> Question:
    days = chance.choice((1, 7, 30, 90))
    path = "/analytics/trends/content"
    return Question(caller, path, {"days": str(days)}, lambda source: source.content(caller.place, days))


def _summary(chance: random.Random, caller: Caller) -> Question:
    today = datetime.now(UTC).date()
    window = Window.ending(today - timedelta(days=chance.randrange(200)), chance.choice((1, 30, 180)))
    params = {"start_date": window.first_date.isoformat(), "end_date": window.last_date.isoformat()}
    path = "/analytics/summary"
    return Question(caller, path, params, lambda source: source.summary(caller.place, window, None))


def _dashboard(chance: random.Random, caller: Caller) -> Question:
    time_range = chance.choice(("day", "week", "month"))
    params = {"time_range": time_range}
    path = "/analytics/dashboard"
    return Question(caller, path, params, lambda source: source.dashboard(caller.place, time_range))


def _leaderboard(chance: random.Random, caller: Caller) -> Question:
    timeframe = chance.choice(("day", "week", "month"))

    def expected(source: Direct) -> Json:
        board = source.board(caller.place, timeframe)
        end = source.today(caller.place)
        return {
            "timeframe": timeframe,
            "from": Window.ending(end, DAYS[timeframe] or 1).first_date.isoformat(),
            "to": end.isoformat(),
            "entries": [{**entry, "is_current_user": False} for entry in board[:100]],
            "current_user": None,
            "participants_total": len(board),
        }

    return Question(caller, "/gamification/leaderboard", {"timeframe": timeframe, "limit": "100"}, expected)


def _student(chance: random.Random, people: _People) -> Caller:
    user_id, school_id = chance.choice(people.learners)
    return Caller(Role.STUDENT, Place(everybody=False, school_id=school_id), user_id)


def _student_progress(chance: random.Random, people: _People) -> Question:
    caller = _student(chance, people)
    path = "/analytics/student-progress"
    return Question(caller, path, {}, lambda source: source.student_progress(caller.place, caller.user_id))


def _weekly_xp(chance: random.Random, people: _People) -> Question:
    caller = _student(chance, people)
    path = "/analytics/weekly_xp"
    return Question(caller, path, {}, lambda source: source.weekly_xp(caller.place, caller.user_id))


def _subject_mastery(chance: random.Random, people: _People) -> Question:
    caller = _student(chance, people)
    path = "/analytics/subject_mastery"
    return Question(caller, path, {}, lambda source: source.subject_mastery(caller.place, caller.user_id))


def _user(chance: random.Random, people: _People) -> Question:
    user_id, _ = chance.choice(people.staff + people.learners)
    caller = Caller(Role.ADMIN, Place(everybody=True, school_id=None), uuid4())
    return Question(caller, f"/users/{user_id}", {}, lambda source: source.user(caller.place, user_id))


def _people(connection: psycopg.Connection[Any], seed: int) -> _People:
    has_school = connection.execute(
        "SELECT count(*) FROM pg_attribute WHERE attrelid = to_regclass('users') AND attname = 'school_id'"
    ).fetchone()
    is_assigned = bool(has_school and has_school[0]) and _has_table(connection, "schools")
    school = "(SELECT schools.id FROM schools WHERE schools.id = users.school_id)" if is_assigned else "NULL"
    rows = connection.execute(
        f"""
        SELECT role::text, id, school_id FROM (
            SELECT users.role, users.id, {school} AS school_id,
                row_number() OVER (PARTITION BY users.role ORDER BY md5(users.id::text || %s)) AS place
            FROM users
        ) AS shuffled
        WHERE place <= %s ORDER BY role, place
        """,  # noqa: S608 - one of two fixed expressions
        [str(seed), _DRAWN_PEOPLE],
    ).fetchall()
    schools = sorted({school_id for _, _, school_id in rows}, key=str)
    return _People(
        learners=[(user_id, school_id) for role, user_id, school_id in rows if role == "STUDENT"],
        staff=[(user_id, school_id) for role, user_id, school_id in rows if role != "STUDENT"],
        schools=[*schools] or [None],
    )


def _has_table(connection: psycopg.Connection[Any], name: str) -> bool:
    row = connection.execute("SELECT to_regclass(%s) IS NOT NULL", [name]).fetchone()
    return bool(row and row[0])


def _changed_since(connection: psycopg.Connection[Any], as_of: datetime) -> int:
    """Rows that were overwritten after as_of, whose state at as_of cannot be had back."""
    tables = ("users", "user_progress", "quiz_attempts", "class_enrollments", "lessons", "quizzes", "classes")
    counts = [
        connection.execute(f"SELECT count(*) FROM {table} WHERE updated_at > %s", [as_of]).fetchone()  # noqa: S608
        for table in tables
    ]
    return sum(count[0] for count in counts if count)


def _is_equal(answered: Json, expected: Json) -> bool:
    if isinstance(answered, bool) or isinstance(expected, bool):
        return answered is expected
    if isinstance(answered, int | float) and isinstance(expected, int | float):
        return abs(answered - expected) <= TOLERANCE
    if isinstance(answered, str) and isinstance(expected, str) and answered != expected:
        return _is_same_moment(answered, expected)
    return bool(answered == expected)


def _is_same_moment(answered: str, expected: str) -> bool:
    with suppress(ValueError, TypeError):
        return datetime.fromisoformat(answered) == datetime.fromisoformat(expected)
    return False


def _shown(value: Json) -> str:
    # Names and ids of people stay out of logs; that they differ is enough.
    return "another text" if isinstance(value, str) else json.dumps(value)
