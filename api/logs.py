"""Structured logs: one JSON object a line on standard error."""

from __future__ import annotations

import sys

import orjson
import structlog


def configure() -> None:
    """Set structlog up for a server process."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(serializer=_dumps),
        ],
        wrapper_class=structlog.make_filtering_bound_logger("notset"),
        logger_factory=structlog.BytesLoggerFactory(sys.stderr.buffer),
        cache_logger_on_first_use=True,
    )


def _dumps(record: object, **_: object) -> bytes:
    return orjson.dumps(record, str)
