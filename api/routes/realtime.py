"""GET /analytics/realtime: the only answer that looks at the real now."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Response

from api import examples
from api.activity import Activity
from api.ask import EVERYONE, Ask, allow
from api.documents import documented
from api.errors import Unavailable
from api.follower import Follower
from api.realtime import figures_of, realtime
from api.respond import Envelope
from api.schemas.analytics import RealtimeFigures

router = APIRouter(prefix="/analytics", tags=["analytics"])
FIRST_TRY_SECONDS = 5


@asynccontextmanager
async def following(app: FastAPI) -> AsyncIterator[None]:
    """Follow the source while the app serves; `app.state.follower` is None without a source."""
    url = app.state.services.settings.source_url
    app.state.follower = Follower(url.get_secret_value()) if url else None
    task = asyncio.create_task(app.state.follower.run()) if url else None
    try:
        yield
    finally:
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@router.get("/realtime", **documented(Envelope[RealtimeFigures], example=examples.REALTIME))
async def get_realtime(ask: Annotated[Ask, Depends(allow(*EVERYONE))]) -> Response:
    """Who is active, what happened today, and the ten newest activities; says how far behind it is."""
    follower: Follower | None = ask.request.app.state.follower
    if follower is None:
        raise Unavailable("No source is configured.")
    activity = await _activity(follower)
    if activity is None or follower.observed_at is None:
        raise Unavailable("The source cannot be reached.")
    figures = figures_of(activity, ask.scope, datetime.now(UTC))
    small_group = ask.services.settings.small_group
    return ask.now(await ask.run(realtime, figures, follower.observed_at, small_group))


async def _activity(follower: Follower) -> Activity | None:
    try:
        async with asyncio.timeout(FIRST_TRY_SECONDS):
            return await follower.activity()
    except TimeoutError:
        return None
