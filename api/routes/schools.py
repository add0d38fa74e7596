"""GET and POST /schools/: the registry at the source, with figures of the snapshot."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, FastAPI, Header, Response

from api import BASE_PATH, examples
from api.ask import STAFF, Ask, allow
from api.documents import documented
from api.errors import Conflict, NotFound, Unavailable
from api.parameters import Limit, Offset, Search
from api.queries.schools import known_school, known_schools, school_stats
from api.registry import Registry, RegistryMissing, SchoolFilter
from api.respond import Envelope, Listing, PagedEnvelope
from api.schemas.schools import NewSchool, School, SchoolDetail
from api.settings import ApiSettings
from api.tokens import Role

router = APIRouter(prefix="/schools", tags=["schools"])
Staff = Annotated[Ask, Depends(allow(*STAFF))]
PlatformAdministrator = Annotated[Ask, Depends(allow(Role.ADMIN, platform_only=True))]
IdempotencyKey = Annotated[
    str | None,
    Header(min_length=1, max_length=255, description="Repeating a request with its key changes nothing."),
]


@asynccontextmanager
async def registry(app: FastAPI) -> AsyncIterator[None]:
    """The registry for the lifetime of the app, in `app.state.registry`."""
    app.state.registry = Registry(_registry_url(app.state.services.settings))
    try:
        yield
    finally:
        await app.state.registry.close()


@router.get("/", **documented(PagedEnvelope[School], example=[examples.SCHOOL], page=examples.PAGE))
async def get_schools(ask: Staff, search: Search = None, limit: Limit = 20, offset: Offset = 0) -> Response:
    """The schools that the caller sees, by name; from the snapshot, marked stale, when the source is away."""
    wanted = SchoolFilter(ask.scope.platform, ask.scope.caller.school_id, search, limit, offset)
    try:
        schools, total = await _registry(ask).page(wanted)
    except RegistryMissing:
        raise
    except Unavailable:
        return ask.now(await ask.run(known_schools, search, limit, offset), is_stale=True)
    return ask.now(Listing(schools, limit=limit, total=total, offset=offset))


@router.get(
    "/{school_id}", **documented(Envelope[SchoolDetail], example=examples.SCHOOL_DETAIL, raises=(NotFound,))
)
async def get_school(ask: Staff, school_id: UUID) -> Response:
    """One school with its figures of the last build; stats are null before the first build that holds it."""
    if not (ask.scope.platform or school_id == ask.scope.caller.school_id):
        raise NotFound
    school, is_stale = await _school(ask, school_id)
    if school is None:
        raise NotFound
    stats = await ask.run(school_stats, school_id)
    return ask.now(SchoolDetail(**asdict(school), stats=stats), is_stale=is_stale)


@router.post(
    "/",
    **documented(Envelope[School], example=examples.SCHOOL, raises=(Conflict,), status=201),
)
async def create_school(
    ask: PlatformAdministrator, school: NewSchool, idempotency_key: IdempotencyKey = None
) -> Response:
    """Register a school: in GET at once, in the marts after the next build."""
    made = await _registry(ask).create(school, idempotency_key)
    return ask.now(made, status=201, headers={"Location": f"{BASE_PATH}/schools/{made.id}"})


async def _school(ask: Ask, school_id: UUID) -> tuple[School | None, bool]:
    """The school, and whether it is only what the snapshot remembers."""
    try:
        return await _registry(ask).school(school_id), False
    except RegistryMissing:
        raise
    except Unavailable:
        return await ask.run(known_school, school_id), True


def _registry(ask: Ask) -> Registry:
    found: Registry = ask.request.app.state.registry
    return found


def _registry_url(settings: ApiSettings) -> str | None:
    url = settings.registry_url or settings.source_url
    return url.get_secret_value() if url else None
