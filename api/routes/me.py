"""GET /me: for front ends, which show times in the zone of the caller's school."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from api import examples
from api.ask import EVERYONE, Ask, allow
from api.documents import documented
from api.queries.me import me
from api.respond import Envelope
from api.schemas.people import Me

router = APIRouter(tags=["users"])


@router.get("/me", **documented(Envelope[Me], example=examples.ME))
async def get_me(ask: Annotated[Ask, Depends(allow(*EVERYONE))]) -> Response:
    """The caller's role and school, and the time zone of its local dates (UTC for the whole platform)."""
    return await ask.caching(60, shared=True).answer(me)
