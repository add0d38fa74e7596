"""What is logged and counted of one request, and the headers that every response gets."""

from __future__ import annotations

import time
from secrets import token_hex

import structlog
from starlette.types import Message, Scope, Send

from api import BASE_PATH, respond, telemetry
from api.ask import route_of

SECURITY_HEADERS = respond.raw_headers(
    (
        ("X-Content-Type-Options", "nosniff"),
        ("X-Frame-Options", "DENY"),
        ("Referrer-Policy", "no-referrer"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Permissions-Policy", "camera=(), geolocation=(), microphone=()"),
    )
)
_API_POLICY = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
_PAGE_POLICY = (
    b"content-security-policy",
    b"default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'none'; "
    b"frame-ancestors 'none'",
)

_METHODS = frozenset({"GET", "HEAD", "POST", "OPTIONS"})

log = structlog.get_logger("api")


class Record:
    """What is logged and counted of one request, and the headers that every response gets."""

    __slots__ = ("_began", "_head", "_scope", "_send", "request_id", "route", "snapshot", "status")

    def __init__(self, scope: Scope, send: Send) -> None:
        self._began = time.perf_counter()
        self._scope = scope
        self._send = send
        self.request_id = token_hex(16)
        self.route: str | None = None
        self.snapshot: str | None = None
        self.status = 0
        policy = _API_POLICY if scope["path"].startswith(BASE_PATH) else _PAGE_POLICY
        self._head = [*SECURITY_HEADERS, policy, (b"x-request-id", self.request_id.encode())]

    async def send(self, message: Message) -> None:
        """Pass a message on, completing the headers."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message = {**message, "headers": [*message.get("headers", ()), *self._head]}
        await self._send(message)

    def close(self) -> None:
        """Log and count the request under its route template; 499 when the client left before an answer."""
        seconds = time.perf_counter() - self._began
        route = self.route or route_of(self._scope)
        status = self.status or 499
        method = self._scope["method"] if self._scope["method"] in _METHODS else "other"
        telemetry.observe_request(method, route, status, seconds)
        log.info(
            "request",
            request_id=self.request_id,
            method=method,
            route=route,
            status=status,
            duration_ms=round(seconds * 1000, 2),
            snapshot=self.snapshot,
        )
