"""The disclosure log: every reading of one learner's record by somebody else (FERPA, 34 CFR 99.32).

One JSON line per reading, appended in one write to the file of the month, so that several workers share it.
People appear by key alone; whose key the erasure of a person has cut, nobody can name any more.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs
from uuid import UUID

import orjson

from api import BASE_PATH
from api.errors import NotFound
from api.names import Person
from api.queries.people import find_person
from api.respond import Listing
from api.schemas.compliance import Disclosure
from api.schemas.people import UserRole
from api.scope import Caller, Scope
from api.snapshots import Snapshot

_PRIVATE: Final = 0o600
# Routes that show one learner's record: where in the path or the query the learner is named.
IN_PATH: Final = (f"{BASE_PATH}/users/", f"{BASE_PATH}/learners/")
IN_QUERY: Final = {f"{BASE_PATH}/analytics/student-progress": "student_id"}


def subject_of(path: str, query: str) -> UUID | None:
    """Whose record a request reads; None when it is not about one person."""
    for prefix in IN_PATH:
        if path.startswith(prefix):
            return _uuid(path.removeprefix(prefix).split("/")[0])
    name = IN_QUERY.get(path)
    return _uuid(parse_qs(query).get(name, [""])[-1]) if name else None


def record(folder: Path, snapshot: Snapshot, caller: Caller, subject: UUID, route: str) -> None:
    """Append the reading, unless it was the caller's own record or not a learner's."""
    learner = _learner(snapshot, subject)
    if subject == caller.user_id or learner is None:
        return
    now = datetime.now(UTC)
    line = {
        "occurred_at": now,
        "reader_key": snapshot.user_key(caller.user_id),
        "reader_role": caller.role.value,
        "subject_key": learner.user_key,
        "school_key": learner.school_key,
        "what": route,
    }
    _append(folder, f"{now:%Y-%m}.jsonl", orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))


def forget_old(folder: Path, days: int, now: datetime) -> list[str]:
    """Remove the months that ended longer ago than `days`; return their files' names."""
    oldest = f"{now - timedelta(days=days):%Y-%m}"
    expired = [path for path in sorted(folder.glob("*.jsonl")) if path.stem < oldest]
    for path in expired:
        path.unlink()
    return [path.name for path in expired]


def list_disclosures(
    snapshot: Snapshot, scope: Scope, folder: Path, user_id: UUID | None, limit: int, offset: int
) -> Listing:
    """One page of the readings in scope, newest first. Raises NotFound for a user outside the scope."""
    wanted = None if user_id is None else _key_in_scope(snapshot, scope, user_id)
    found = [
        Disclosure(**line)
        for line in _newest_first(folder)
        if scope.sees(line["school_key"]) and wanted in (None, line["subject_key"])
    ]
    return Listing(found[offset : offset + limit], limit=limit, total=len(found), offset=offset)


def _key_in_scope(snapshot: Snapshot, scope: Scope, user_id: UUID) -> int:
    learner = _learner(snapshot, user_id)
    if learner is None or not scope.sees(learner.school_key):
        raise NotFound
    return learner.user_key


def _learner(snapshot: Snapshot, user_id: UUID) -> Person | None:
    person = find_person(snapshot, user_id)
    return person if person and person.role == UserRole.STUDENT else None


def _newest_first(folder: Path) -> Iterator[dict[str, Any]]:
    for path in sorted(folder.glob("*.jsonl"), reverse=True):
        # A line without its end was cut off by a crash: it never became an entry.
        lines = [line for line in path.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")]
        for line in reversed(lines):
            yield orjson.loads(line)


def _append(folder: Path, name: str, line: bytes) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(folder / name, os.O_WRONLY | os.O_APPEND | os.O_CREAT, _PRIVATE)
    try:
        os.write(descriptor, line)
    finally:
        os.close(descriptor)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
