"""The dashboard at `/`: static files, present or not."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware
from starlette.staticfiles import StaticFiles

from api.settings import ApiSettings


def mount_dashboard(app: FastAPI, settings: ApiSettings) -> None:
    """Serve the dashboard's folder at `/` when it holds an index page."""
    if (settings.dashboard_dir / "index.html").is_file():
        files = StaticFiles(directory=settings.dashboard_dir, html=True)
        app.mount("/", GZipMiddleware(files, minimum_size=1_000), name="dashboard")
