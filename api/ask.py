"""One request of a known caller on one snapshot: what every route receives.

    @router.get("/analytics/overview", **documented(Envelope[Overview], example=...))
    async def overview(ask: Annotated[Ask, Depends(allow(*EVERYONE))]) -> Response:
        return await ask.caching(60, shared=True).answer(queries.overview)

`queries.overview(snapshot, scope, *args)` runs on a thread and returns a dataclass, a list, or a Listing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Concatenate, Final, ParamSpec

from fastapi import Request, Response

from api import BASE_PATH, respond
from api.cache import Answer
from api.errors import Forbidden
from api.scope import Caller, Scope, resolve
from api.services import Services
from api.snapshots import Snapshot
from api.tokens import Role

P = ParamSpec("P")
EVERYONE: Final = (Role.ADMIN, Role.TEACHER, Role.STUDENT, Role.ANALYST)
STAFF: Final = (Role.ADMIN, Role.TEACHER)
VISIT: Final = "schoolhouse.visit"


@dataclass(frozen=True, slots=True)
class Visit:
    """What the edge found out about a request before routing it."""

    caller: Caller
    snapshot: Snapshot
    is_stale: bool
    target: bytes
    accept: bytes
    accepts_gzip: bool
    if_none_match: bytes

    def etag(self, audience: str) -> str:
        """The ETag of this request's answer for an audience."""
        return respond.etag_of(self.snapshot.id, self.is_stale, self.target, self.accept, audience)


@dataclass(frozen=True, slots=True)
class Ask:
    """A request with its scope. Everything a route answers goes through one of the methods."""

    request: Request
    services: Services
    visit: Visit
    scope: Scope

    @property
    def snapshot(self) -> Snapshot:
        """The snapshot of this request, open until the response has been sent."""
        return self.visit.snapshot

    @property
    def route(self) -> str:
        """The template of the route, safe to log and count."""
        return route_of(self.request.scope)

    async def answer(
        self,
        query: Callable[Concatenate[Snapshot, Scope, P], object],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Response:
        """The envelope of a query's result, cached for this very person, max-age 0."""
        return await self.caching(0).answer(query, *args, **kwargs)

    def caching(self, max_age: int, *, shared: bool = False) -> "Cached":
        """How the answer is cached: max_age in seconds at the client; shared when it is the same for every
        caller of the role and school (never when it says "You" or depends on the person)."""
        audience = self.scope.audience if shared else person(self.scope)
        return Cached(self, max_age, self.visit.etag(audience))

    def now(
        self,
        data: object,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        is_stale: bool = False,
    ) -> Response:
        """An envelope that is true only now (real time, registry): no ETag, never kept.

        is_stale marks the answer stale whatever the age of the snapshot.
        """
        body = respond.envelope(data, self.snapshot, is_stale=is_stale or self.visit.is_stale)
        return respond.uncached(status, body, headers or {})

    async def run(
        self, query: Callable[Concatenate[Snapshot, Scope, P], Any], *args: P.args, **kw: P.kwargs
    ) -> Any:
        """A query's bare result, for routes that put several together."""
        return await self.services.run(query, self.snapshot, self.scope, *args, **kw)


@dataclass(frozen=True, slots=True)
class Cached:
    """The caching of one answer: see Ask.caching."""

    ask: Ask
    max_age: int
    etag: str

    async def answer(
        self,
        query: Callable[Concatenate[Snapshot, Scope, P], object],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Response:
        """304, the cached answer, or query(snapshot, scope, ...) computed once on a thread."""
        ask = self.ask

        def compute() -> Answer:
            data = query(ask.snapshot, ask.scope, *args, **kwargs)
            body = respond.envelope(data, ask.snapshot, is_stale=ask.visit.is_stale)
            return respond.make_answer(self.etag, ask.route, self.max_age, body)

        return await self.keep(compute)

    async def keep(self, compute: Callable[[], Answer]) -> Response:
        """304, the cached answer, or the one that compute() makes once on a thread."""
        visit = self.ask.visit
        if self.is_known_to_client:
            return respond.not_modified(self.etag, self.max_age, accepts_gzip=visit.accepts_gzip)
        answer = await self.ask.services.cache.get_or_compute(self.etag, lambda: self._run(compute))
        return respond.ready(answer, accepts_gzip=visit.accepts_gzip)

    @property
    def is_known_to_client(self) -> bool:
        """Whether the client holds this very answer already."""
        return bool(self.ask.visit.if_none_match) and respond.is_match(
            self.ask.visit.if_none_match, self.etag
        )

    async def _run(self, compute: Callable[[], Answer]) -> Answer:
        # Held apart from the request, which may be gone before others have their share of the answer.
        with self.ask.snapshot.held():
            return await self.ask.services.run(compute)


class allow:  # noqa: N801 - reads as a word in the routes
    """The dependency of every route: only these roles may ask. Raises Forbidden for the others."""

    def __init__(self, *roles: Role, platform_only: bool = False) -> None:
        self.roles = frozenset(roles)
        self.platform_only = platform_only

    async def __call__(self, request: Request) -> Ask:
        services: Services = request.app.state.services
        visit: Visit = request.scope[VISIT]
        if visit.caller.role not in self.roles:
            raise Forbidden
        scope = await scope_of(visit, services)
        if self.platform_only and not scope.platform:
            raise Forbidden("Only a caller of the whole platform may ask that.")
        return Ask(request, services, visit, scope)


async def scope_of(visit: Visit, services: Services) -> Scope:
    """The caller's scope in the request's snapshot, resolved once and remembered with the snapshot."""
    scopes = visit.snapshot.scopes
    if (known := scopes.get(visit.caller)) is not None:
        return known
    scope = scopes[visit.caller] = await services.run(resolve, visit.caller, visit.snapshot)
    return scope


def person(scope: Scope) -> str:
    """The audience that is this very person."""
    return f"{scope.audience}:{scope.caller.user_id}"


def route_of(asgi_scope: Mapping[str, Any]) -> str:
    """The template of the matched route, such as /api/v1/users/{user_id}: safe to log and count."""
    path = str(getattr(asgi_scope.get("route"), "path", "unmatched"))
    return BASE_PATH + path if VISIT in asgi_scope and not path.startswith(BASE_PATH) else path
