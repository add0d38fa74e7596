"""Who asks the API for what, and how the source answers the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import duckdb
import httpx

from api.tokens import Role, TokenClaims, sign_token
from benchmarks.servers import SECRET
from pipeline.direct import Direct, Place, Window

BASE = "/api/v1"


@dataclass(frozen=True)
class People:
    """Whom the requests are about: the largest school, with a class, an administrator and learners."""

    school_id: UUID
    class_id: UUID
    admin_id: UUID
    learners: tuple[UUID, ...]


@dataclass(frozen=True)
class Endpoint:
    """One endpoint: who asks, for what, and how the source answers the same question, where it can."""

    name: str
    role: Role
    path: str
    direct: Callable[[Direct, Place, UUID], object] | None = None
    platform: bool = False


def endpoints(people: People, today: datetime) -> list[Endpoint]:
    """Every endpoint of the contract that a dashboard reads."""
    year_ago = (today - timedelta(days=364)).date()
    window = Window(year_ago, today.date())
    year = f"start_date={window.first_date}&end_date={window.last_date}"
    admin, student, learner = Role.ADMIN, Role.STUDENT, people.learners[0]
    return [
        Endpoint("overview", admin, "/analytics/overview", lambda d, p, _: d.overview(p)),
        Endpoint("overview, platform", admin, "/analytics/overview", lambda d, p, _: d.overview(p), True),
        Endpoint("trends/engagement", admin, "/analytics/trends/engagement?days=365", lambda d, p, _: d.engagement(p, 365)),
        Endpoint("trends/engagement, platform", admin, "/analytics/trends/engagement?days=365", lambda d, p, _: d.engagement(p, 365), True),
        Endpoint("trends/content", admin, "/analytics/trends/content?days=365", lambda d, p, _: d.content(p, 365)),
        Endpoint("trends/content, platform", admin, "/analytics/trends/content?days=365", lambda d, p, _: d.content(p, 365), True),
        Endpoint("dashboard", admin, "/analytics/dashboard?time_range=month", lambda d, p, _: d.dashboard(p, "month")),
        Endpoint("dashboard, platform", admin, "/analytics/dashboard?time_range=month", lambda d, p, _: d.dashboard(p, "month"), True),
        Endpoint("summary, a year", admin, f"/analytics/summary?{year}", lambda d, p, _: d.summary(p, window, None)),
        Endpoint("summary, a year, platform", admin, f"/analytics/summary?{year}", lambda d, p, _: d.summary(p, window, None), True),
        Endpoint("summary, a class", admin, f"/analytics/summary?class_id={people.class_id}", lambda d, p, _: d.summary(p, Window.ending(d.today(p), 30), people.class_id)),
        Endpoint("leaderboard", student, "/gamification/leaderboard?timeframe=week", lambda d, p, _: d.board(p, "week")),
        Endpoint("leaderboard, around me", student, "/gamification/leaderboard?timeframe=all&around=me", lambda d, p, _: d.board(p, "all")),
        Endpoint("leaderboard, platform", admin, "/gamification/leaderboard?timeframe=month&scope=global&limit=100", lambda d, p, _: d.board(p, "month"), True),
        Endpoint("student-progress", student, "/analytics/student-progress", lambda d, p, u: d.student_progress(p, u)),
        Endpoint("weekly_xp", student, "/analytics/weekly_xp", lambda d, p, u: d.weekly_xp(p, u)),
        Endpoint("subject_mastery", student, "/analytics/subject_mastery", lambda d, p, u: d.subject_mastery(p, u)),
        Endpoint("users", admin, "/users/?limit=20"),
        Endpoint("users, one", admin, f"/users/{learner}", lambda d, p, u: d.user(p, u)),
        Endpoint("realtime", admin, "/analytics/realtime"),
        Endpoint("compliance/status", admin, "/compliance/status", platform=True),
        Endpoint("schools", admin, "/schools/", platform=True),
        Endpoint("marts", admin, "/marts"),
        Endpoint("marts, rows", admin, "/marts/engagement_daily?order=activity_date&limit=100"),
        Endpoint("builds", admin, "/builds"),
    ]  # fmt: skip


def people_of(data_dir: Path) -> People:
    """Whom to ask about, from the snapshot: the largest school and its largest class."""
    folder = data_dir / "snapshots" / "current"
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{folder / 'marts.duckdb'}' AS marts (READ_ONLY)")
        connection.execute(f"ATTACH '{folder / 'identity.duckdb'}' AS identity (READ_ONLY)")
        school_key, school_id = connection.execute(
            "SELECT school_key, school_id FROM marts.dim_school JOIN marts.school_overview USING (school_key) "
            "WHERE school_id IS NOT NULL ORDER BY students_total DESC LIMIT 1"
        ).fetchall()[0]
        (class_id,) = connection.execute(
            "SELECT class_id FROM marts.dim_class WHERE school_key = ? ORDER BY enrolled_count DESC LIMIT 1",
            [school_key],
        ).fetchall()[0]
        learners = connection.execute(
            "SELECT user_id FROM identity.users WHERE school_key = ? AND role = 'STUDENT' AND is_active "
            "ORDER BY user_key LIMIT 200",
            [school_key],
        ).fetchall()
    return People(UUID(school_id), UUID(class_id), uuid4(), tuple(row[0] for row in learners))


class Client:
    """Asks one server as anybody; tokens are made once."""

    def __init__(self, address: str, people: People) -> None:
        self._address = address
        self._people = people
        self._tokens: dict[tuple[Role, bool, UUID], str] = {}
        self.http = httpx.AsyncClient(base_url=address, timeout=60, limits=httpx.Limits(max_connections=200))

    def headers(self, endpoint: Endpoint, learner: UUID) -> dict[str, str]:
        """Authorization of whoever asks for the endpoint."""
        who = learner if endpoint.role is Role.STUDENT else self._people.admin_id
        key = (endpoint.role, endpoint.platform, who)
        if key not in self._tokens:
            school = None if endpoint.platform else self._people.school_id
            claims = TokenClaims(who, endpoint.role, datetime.now(UTC) + timedelta(hours=5), school)
            self._tokens[key] = sign_token(SECRET, claims)
        return {"Authorization": f"Bearer {self._tokens[key]}"}

    async def ask(self, endpoint: Endpoint, learner: UUID) -> int:
        """Ask once; gives the status."""
        answer = await self.http.get(BASE + endpoint.path, headers=self.headers(endpoint, learner))
        return answer.status_code
