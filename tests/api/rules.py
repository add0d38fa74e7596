"""The hand-made source of rules_source.py, published by one real night and served by a real uvicorn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from api.runs import RunRecord, RunState
from tests.api import rules_source as source
from tests.api.serving import BASE, bearer, client_of, settings_for
from tests.conftest import made_once

NO_SCHOOL = None


@dataclass(frozen=True)
class RulesSchool:
    """The hand-made source and the data folder it was published into."""

    source_url: str
    data_dir: Path


class Api:
    """Asks the server as a caller; `get` expects success, `status` tells what came instead."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client

    def get(self, path: str, headers: dict[str, str], **params: Any) -> Any:
        """The data of an answer."""
        answer = self.client.get(BASE + path, params=params, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    def status(self, path: str, headers: dict[str, str], **params: Any) -> int:
        """The status of an answer."""
        return self.client.get(BASE + path, params=params, headers=headers).status_code


def student(person: UUID, school: UUID | None = source.TONGA) -> dict[str, str]:
    """A student's headers."""
    return bearer("student", school, person)


def teacher(school: UUID | None = source.TONGA, person: UUID = source.TEACHER) -> dict[str, str]:
    """A teacher's headers."""
    return bearer("teacher", school, person)


def admin(school: UUID | None = source.TONGA, person: UUID = source.ADMIN) -> dict[str, str]:
    """An administrator's headers; without a school those of the whole platform."""
    return bearer("admin", school, person)


PLATFORM = admin(NO_SCHOOL, source.NOBODY)
ANALYST = bearer("analyst", NO_SCHOOL, source.NOBODY)


@pytest.fixture(scope="session")
def rules_school(
    make_database: Callable[..., str], night: Callable[..., RunRecord], shared: Path
) -> RulesSchool:
    """The source and what one night published of it. Only for tests that change neither."""
    data_dir = shared / "rules"
    (url,) = made_once(data_dir, lambda: [_publish_rules(make_database(), night, data_dir)])
    return RulesSchool(url, data_dir)


def _publish_rules(url: str, night: Callable[..., RunRecord], data_dir: Path) -> str:
    source.fill(url)
    run = night(url, data_dir, as_of=source.AS_OF)
    assert run.state is RunState.PUBLISHED, run.error
    return url


@pytest.fixture(scope="session")
def rules(rules_school: RulesSchool) -> Iterator[Api]:
    """A server on it, without a source: whatever the snapshot cannot tell is away."""
    with client_of(settings_for(rules_school.data_dir)) as client:
        yield Api(client)
