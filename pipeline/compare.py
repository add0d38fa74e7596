"""Shadow comparison: the same questions to the API and to the source in plain SQL, and where they differ."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import psycopg

from api.tokens import TokenClaims, sign_token
from pipeline.direct import Direct, Json, quiet_source
from pipeline.errors import PipelineError
from pipeline.questions import Caller, Question, people_of, questions
from pipeline.settings import Settings

TOLERANCE: Final = 1e-6
TIMEOUT_SECONDS: Final = 60


class ApiAwayError(PipelineError):
    """The API under comparison cannot be asked."""

    code = "api_away"


@dataclass(frozen=True)
class Comparison:
    """How many requests were made, and a line for every field that differs."""

    asked: int
    differences: list[str]
    changed_since: int


def compare(settings: Settings, address: str, sample: int, seed: int) -> Comparison:
    """Ask `sample` random questions of the API at `address` and of the source.

    Raises ApiAwayError when the API does not answer, psycopg.Error when the source does not.
    """
    api = _Api(settings, address)
    with quiet_source(settings.require_source_url()) as connection:
        direct = Direct(connection, api.as_of())
        chance = random.Random(seed)  # noqa: S311 - a sample
        asked = list(islice(questions(chance, people_of(connection, seed)), sample))
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
