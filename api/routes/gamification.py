"""GET /gamification/leaderboard."""

from __future__ import annotations

from typing import Annotated, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from api import examples
from api.ask import EVERYONE, Ask, allow
from api.documents import documented
from api.errors import NotFound
from api.parameters import Limit
from api.queries.leaderboard import LeaderboardRequest, leaderboard
from api.respond import Envelope
from api.schemas.gamification import Board, Leaderboard, Timeframe

router = APIRouter(prefix="/gamification", tags=["gamification"])
FIVE_MINUTES: Final = 300


@router.get(
    "/leaderboard",
    **documented(Envelope[Leaderboard], example=examples.LEADERBOARD, raises=(NotFound,)),
)
async def get_leaderboard(
    ask: Annotated[Ask, Depends(allow(*EVERYONE))],
    timeframe: Annotated[Timeframe, Query(description="1, 7 or 30 dates, or every event.")] = Timeframe.WEEK,
    limit: Limit = 10,
    scope: Annotated[
        Board | None,
        Query(
            description="By default `class` with a class_id, else `school`, for platform callers `global`."
        ),
    ] = None,
    class_id: Annotated[UUID | None, Query(description="The class of `scope=class`.")] = None,
    around: Annotated[Literal["me"] | None, Query(description="Centre the entries on the caller.")] = None,
) -> Response:
    """Learners by XP: ranks, ties, and where the caller stands."""
    request = LeaderboardRequest(timeframe, limit, scope, class_id, is_around_me=around is not None)
    return await ask.caching(FIVE_MINUTES).answer(leaderboard, request)
