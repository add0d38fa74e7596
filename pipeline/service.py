"""The API as one worker process starts it: settings are read there, and nothing is shared."""

from __future__ import annotations

from fastapi import FastAPI

from api.serve import worker_app
from pipeline.settings import read_settings


def make_app() -> FastAPI:
    """The application on the settings of this process."""
    return worker_app(read_settings())
