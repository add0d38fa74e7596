"""The application: one place that puts settings, services, routes and the edge together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware

from api import BASE_PATH, CONTRACT_VERSION, errors
from api.edge import Edge
from api.errors import ApiError
from api.openapi import complete
from api.pages import mount_dashboard
from api.routes import BACKGROUND, OPEN_ROUTERS, ROUTERS
from api.services import Services, make_services
from api.settings import ApiSettings

POLL_SECONDS = 0.5
log = structlog.get_logger("api")


def create_app(settings: ApiSettings) -> FastAPI:
    """The application of one worker. Raises ConfigurationError when a setting does not allow a start."""
    services = make_services(settings)
    app = FastAPI(
        title="Schoolhouse",
        version=CONTRACT_VERSION,
        description="Figures of a learning platform, from audited and immutable snapshots.",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        # FastAPI would set up exporters of traces when the environment names some: nothing leaves from here.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
        lifespan=_lifespan,
    )
    app.state.services = services
    for kind in (ApiError, RequestValidationError, HTTPException):
        app.add_exception_handler(kind, errors.handle)
    for router in ROUTERS:
        app.include_router(router, prefix=BASE_PATH)
    for router in OPEN_ROUTERS:
        app.include_router(router)
    mount_dashboard(app, settings)
    app.add_middleware(Edge, services=services)
    _allow_origins(app, settings)
    complete(app)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    services: Services = app.state.services
    await asyncio.to_thread(services.store.refresh)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(_following(services))
        for background in BACKGROUND:
            await stack.enter_async_context(background(app))
        yield
    await services.sandboxes.close()
    services.store.close()
    await asyncio.to_thread(services.pool.shutdown)


@asynccontextmanager
async def _following(services: Services) -> AsyncIterator[None]:
    task = asyncio.create_task(_follow(services))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _follow(services: Services) -> None:
    while True:
        await asyncio.sleep(POLL_SECONDS)
        try:
            if await asyncio.to_thread(services.store.refresh):
                services.cache.clear()
        except Exception as failure:
            # Whatever the disk does, the last good snapshot goes on and the next look may succeed.
            log.error("snapshot_lost_sight", error=type(failure).__name__)


def _allow_origins(app: FastAPI, settings: ApiSettings) -> None:
    if not settings.cors_origins:
        return
    options: dict[str, Any] = {
        "allow_origins": list(settings.cors_origins),
        "allow_methods": ["GET", "POST"],
        "allow_headers": ["Authorization", "Content-Type", "Idempotency-Key", "If-None-Match"],
        "expose_headers": ["ETag", "Link", "Location", "Retry-After", "X-Request-ID"],
        "max_age": 600,
    }
    app.add_middleware(CORSMiddleware, **options)
