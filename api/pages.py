"""The dashboard at `/`, outside the base path: static files, present or not."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import Response
from starlette.routing import Match, Mount
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from api import BASE_PATH
from api.settings import ApiSettings

HASHED_FOLDER = "vendor"
FOR_EVER = "public, max-age=31536000, immutable"


class DashboardFiles(StaticFiles):
    """Files whose name holds a hash of their content are kept for ever; all others are asked for again."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        """The file, with its caching rule."""
        response = super().file_response(*args, **kwargs)
        hashed = HASHED_FOLDER in str(args[0]).split("/") and str(args[0]).endswith(".js")
        response.headers["Cache-Control"] = FOR_EVER if hashed else "no-cache"
        return response


class Outside(Mount):
    """Everything outside the base path: below it, a path that no route knows is 404 whatever the method."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether the path is one of ours."""
        return (Match.NONE, {}) if scope["path"].startswith(BASE_PATH) else super().matches(scope)


def mount_dashboard(app: FastAPI, settings: ApiSettings) -> None:
    """Serve the dashboard's folder at `/` when it holds an index page."""
    if (settings.dashboard_dir / "index.html").is_file():
        files = DashboardFiles(directory=settings.dashboard_dir, html=True)
        app.router.routes.append(Outside("/", GZipMiddleware(files, minimum_size=1_000), name="dashboard"))
