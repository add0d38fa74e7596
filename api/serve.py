"""Running the API: one or several worker processes of uvicorn that end gracefully."""

from __future__ import annotations

import os
import tempfile

import uvicorn
from fastapi import FastAPI

from api import logs, telemetry
from api.app import create_app
from api.patience import Patience
from api.settings import ApiSettings

GRACE_SECONDS = 30


def run(application: str, settings: ApiSettings, *, host: str, port: int, workers: int) -> None:
    """Serve until stopped. `application` is `module:function` of a factory without arguments.

    Requests in flight get GRACE_SECONDS to finish. Raises ConfigurationError before anything listens when
    the settings do not allow a start.
    """
    create_app(settings)
    with tempfile.TemporaryDirectory(prefix="schoolhouse-metrics-") as shared:
        if workers > 1:
            # Read by the workers when they import the client: their counters become one set of figures.
            os.environ[telemetry.SHARED_DIR] = shared
        uvicorn.run(
            application,
            factory=True,
            http=Patience,
            host=host,
            port=port,
            workers=workers,
            access_log=False,
            server_header=False,
            log_level="warning",
            timeout_graceful_shutdown=GRACE_SECONDS,
        )


def worker_app(settings: ApiSettings) -> FastAPI:
    """The application of a worker process, with logs as JSON lines on standard error."""
    logs.configure()
    return create_app(settings)
