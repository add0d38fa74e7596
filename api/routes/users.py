"""GET /users/ and /users/{user_id}."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BeforeValidator

from api import examples
from api.ask import EVERYONE, Ask, allow
from api.documents import documented
from api.errors import NotFound
from api.parameters import Limit, Offset, Search
from api.queries.users import UserFilter, list_users, user_detail
from api.respond import Envelope, PagedEnvelope
from api.schemas.people import User, UserDetail, UserRole
from api.tokens import Role

router = APIRouter(prefix="/users", tags=["users"])


def upper(text: Any) -> Any:
    """The role in the source's own letters."""
    return text.upper() if isinstance(text, str) else text


@router.get("/", **documented(PagedEnvelope[User], example=[examples.USER], page=examples.PAGE))
async def get_users(
    ask: Annotated[Ask, Depends(allow(Role.ADMIN))],
    search: Search = None,
    role: Annotated[
        UserRole | None, BeforeValidator(upper), Query(description="Only this role, in any case of letters.")
    ] = None,
    limit: Limit = 20,
    offset: Offset = 0,
) -> Response:
    """The users in scope by username."""
    wanted = UserFilter(search, role, limit, offset)
    return await ask.caching(0, shared=True).answer(list_users, wanted)


@router.get(
    "/{user_id}", **documented(Envelope[UserDetail], example=examples.USER_DETAIL, raises=(NotFound,))
)
async def get_user(ask: Annotated[Ask, Depends(allow(*EVERYONE))], user_id: UUID) -> Response:
    """One user: anybody in scope for an administrator, the caller's own row for everybody else."""
    return await ask.answer(user_detail, user_id)
