"""A real server on the generated school, a browser, and somebody of each role."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

import duckdb
import jwt
import pytest
import structlog
from playwright.sync_api import Browser

from api.app import create_app
from api.manifest import IDENTITY_FILE, MARTS_FILE
from api.settings import ApiSettings
from api.tokens import Role, TokenClaims, sign_token
from pipeline.demo_tour import tokens
from tests.api.serving import serving
from tests.conftest import JWT_SECRET, School
from tests.dashboard.browser import ADVICE, chromium, is_required
from tests.dashboard.visitor import Visitor, visiting

DASHBOARD = Path(__file__).resolve().parents[2] / "dashboard"
ALWAYS_FRESH = 1_000_000.0


class Visit(Protocol):
    """`visit(role, **how)`: a signed-in visitor; see `visiting` for how."""

    def __call__(self, role: str, **how: Any) -> Visitor: ...


@pytest.fixture(scope="session", autouse=True)
def _quiet_logs() -> None:
    """Log lines of server threads must not end up between the test names."""
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())


# Of a module, not of the session: while Playwright runs, its event loop holds the thread, and other suites of
# this process need the thread for loops of their own.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium. Without one the tests are skipped, or fail where one is required."""
    with chromium() as found:
        if found is None:
            (pytest.fail if is_required() else pytest.skip)(ADVICE)
        yield found


@contextmanager
def served(school: School, **changes: Any) -> Iterator[str]:
    """The address of a server on a school's current snapshot, with the real dashboard."""
    given: dict[str, Any] = {
        "data_dir": school.settings.data_dir,
        "source_url": school.source_url,
        "jwt_secret": JWT_SECRET,
        "dashboard_dir": DASHBOARD,
        "stale_after_hours": ALWAYS_FRESH,
    }
    with serving(create_app(ApiSettings(_env_file=None, **(given | changes)))) as address:  # type: ignore[call-arg]
        yield address


@pytest.fixture(scope="session")
def address(school: School) -> Iterator[str]:
    """The dashboard of the generated school."""
    with served(school) as found:
        yield found


@pytest.fixture(scope="session")
def cast(school: School) -> dict[str, str]:
    """A token per role, the school administrator's and those of another school's teacher included."""
    signed = tokens(school.settings)
    claims = jwt.decode(signed["teacher"], options={"verify_signature": False})
    own = UUID(claims["school_id"])
    return signed | {
        "school admin": _signed(Role.ADMIN, own),
        "stranger": _signed(Role.TEACHER, _another_school(school, own)),
    }


@pytest.fixture
def visit(browser: Browser, address: str, cast: dict[str, str]) -> Iterator[Visit]:
    """Return `visit(role, **how)`. At the end nobody may have seen an error or asked another host."""
    with ExitStack() as stack:
        visitors: list[Visitor] = []

        def come(role: str, *, at: str = address, place: str = "/", **how: Any) -> Visitor:
            visitor = stack.enter_context(visiting(browser, at, cast[role], **how))
            visitors.append(visitor)
            visitor.sign_in(place)
            return visitor

        yield come
        assert [problem for visitor in visitors for problem in visitor.problems] == []
        assert [url for visitor in visitors for url in visitor.elsewhere()] == []


def identity(school: School, query: str, *values: object) -> list[tuple[Any, ...]]:
    """Rows of a query on the names and marts of a school's snapshot."""
    with duckdb.connect() as connection:
        for name, file in (("marts", MARTS_FILE), ("identity", IDENTITY_FILE)):
            connection.execute(f"ATTACH '{school.snapshot / file}' AS {name} (READ_ONLY)")
        return connection.execute(query, values).fetchall()


def _another_school(school: School, own: UUID) -> UUID:
    """The school with the fewest learners: a teacher there is no less a teacher."""
    query = """
        SELECT dim_school.school_id FROM marts.dim_school AS dim_school
        LEFT JOIN marts.dim_user AS users ON users.school_key = dim_school.school_key
        WHERE dim_school.school_id IS NOT NULL AND dim_school.school_id <> ?
        GROUP BY ALL ORDER BY count(users.user_key), 1 LIMIT 1
    """
    return UUID(identity(school, query, str(own))[0][0])


def _signed(role: Role, school_id: UUID | None) -> str:
    claims = TokenClaims(UUID(int=7 << 64), role, datetime.now(UTC) + timedelta(hours=2), school_id)
    return sign_token(JWT_SECRET, claims)
