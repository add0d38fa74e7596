"""All routers of the API: adding one here puts it on the air.

ROUTERS lie under the base path and are only reached with a verified token. OPEN_ROUTERS lie at the root
and show no data. BACKGROUND are context managers of the app that run while it serves.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from fastapi import APIRouter, FastAPI

from api.routes import (
    analytics,
    builds,
    classes,
    compliance,
    gamification,
    health,
    marts,
    me,
    realtime,
    schools,
    sql,
    users,
)

ROUTERS: tuple[APIRouter, ...] = (
    analytics.router,
    gamification.router,
    realtime.router,
    me.router,
    users.router,
    classes.router,
    schools.router,
    builds.router,
    marts.router,
    sql.router,
    compliance.router,
)
OPEN_ROUTERS: tuple[APIRouter, ...] = (health.router,)
BACKGROUND: tuple[Callable[[FastAPI], AbstractAsyncContextManager[None]], ...] = (
    schools.registry,
    realtime.following,
)
