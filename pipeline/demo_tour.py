"""What the demo shows: what was built, tokens to call the API with, and requests to try."""

from __future__ import annotations

import json
import socket
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import duckdb
import uvicorn

from api.app import create_app
from api.manifest import IDENTITY_FILE, MARTS_FILE, Manifest
from api.tokens import Role, TokenClaims, expiry, sign_token
from pipeline.screen import say, show_table
from pipeline.settings import Settings
from pipeline.snapshots import current_folder

HOURS = 24
START_SECONDS = 20
# The liveliest person of each role in the school with the most learners.
_CAST = """
WITH busiest AS (
    SELECT school_key FROM marts.dim_user WHERE is_learner AND school_key <> 0
    GROUP BY school_key ORDER BY count(*) DESC, school_key LIMIT 1
)
SELECT users.role, users.user_id, dim_school.school_id
FROM identity.users AS users
INNER JOIN busiest ON busiest.school_key = users.school_key
INNER JOIN marts.dim_school AS dim_school ON dim_school.school_key = users.school_key
LEFT JOIN marts.fct_user_day AS days ON days.user_key = users.user_key
WHERE users.is_active
GROUP BY users.role, users.user_id, dim_school.school_id
QUALIFY row_number() OVER (
    PARTITION BY users.role ORDER BY sum(days.event_count) DESC NULLS LAST, users.user_id
) = 1
"""
_ENDPOINTS = (
    ("admin", "/api/v1/analytics/overview"),
    ("teacher", "/api/v1/analytics/dashboard?time_range=month"),
    ("student", "/api/v1/gamification/leaderboard?timeframe=month"),
    ("analyst", "/api/v1/marts"),
)


def show_built(manifest: Manifest) -> None:
    """Print rows per mart, audits and how to query."""
    show_table(
        "", ("mart", "rows", "meaning"), [(n, m.rows, m.description) for n, m in manifest.marts.items()]
    )
    say(f"{manifest.audits_passed} of {manifest.audits_total} audits passed; snapshot {manifest.id}")
    say()
    say("Query the marts:")
    say('  schoolhouse sql "select * from engagement_daily order by activity_date desc limit 5"')


def tokens(settings: Settings) -> dict[str, str]:
    """A token per role: the platform's admin and analyst, a teacher and a student of one school."""
    cast = _cast(settings)
    teacher, student = cast["TEACHER"], cast["STUDENT"]
    people: dict[Role, tuple[UUID, UUID | None]] = {
        Role.ADMIN: (cast.get("ADMIN", teacher)[0], None),
        Role.TEACHER: teacher,
        Role.STUDENT: student,
        Role.ANALYST: (teacher[0], None),
    }
    return {role.value: _token(settings, role, *person) for role, person in people.items()}


def show_tokens(signed: dict[str, str], address: str) -> None:
    """Print a token per role and requests to try."""
    say()
    say(f"The API is at {address}, the dashboard at {address}/. Tokens, valid for {HOURS} hours:")
    for name, token in signed.items():
        say(f"  {name.upper()}={token}")
    say("The dashboard, signed in:")
    for name, token in signed.items():
        say(f"  {name}: {address}/#token={token}")
    say("Try:")
    for name, path in _ENDPOINTS:
        say(f"  curl -H \"Authorization: Bearer ${name.upper()}\" '{address}{path}'")


@contextmanager
def serving(settings: Settings, port: int = 0) -> Iterator[str]:
    """The API in a thread of this process; yields its address."""
    with socket.create_server(("127.0.0.1", port)) as listener:
        server = uvicorn.Server(uvicorn.Config(create_app(settings), access_log=False, log_level="warning"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def check(signed: dict[str, str], address: str) -> list[str]:
    """Ask the running API what a visitor would ask; return what went wrong, in words."""
    problems = [_problem(f"{address}/readyz", None)]
    problems += [_problem(address + path, signed[name]) for name, path in _ENDPOINTS]
    return [problem for problem in problems if problem]


def _problem(url: str, token: str | None) -> str | None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            _get(url, token)
            return None
        except (OSError, ValueError) as error:
            if time.monotonic() > deadline or (token and not isinstance(error, ConnectionError)):
                return f"{url}: {error}"
            time.sleep(0.1)


def _get(url: str, token: str | None) -> Any:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - our own server
    with urllib.request.urlopen(request, timeout=START_SECONDS) as response:  # noqa: S310
        return json.load(response)


def _cast(settings: Settings) -> dict[str, tuple[UUID, UUID | None]]:
    folder = current_folder(settings.snapshots_dir)
    with duckdb.connect() as connection:
        for name, file in (("marts", MARTS_FILE), ("identity", IDENTITY_FILE)):
            path = str(folder / file).replace("'", "''")
            connection.execute(f"ATTACH '{path}' AS {name} (READ_ONLY)")
        rows = connection.execute(_CAST).fetchall()
    return {role: (user_id, UUID(school_id)) for role, user_id, school_id in rows}


def _token(settings: Settings, role: Role, user_id: UUID, school_id: UUID | None) -> str:
    expires_at = expiry(datetime.now(UTC), HOURS)
    claims = TokenClaims(user_id, role, expires_at, school_id, settings.jwt_issuer, settings.jwt_audience)
    return sign_token(settings.require_jwt_secret(), claims)
