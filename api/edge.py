"""The outermost layer: who is calling, on which snapshot, and whether the answer is there already.

Plain ASGI, so that a cached answer or a 304 leaves before any routing. It also limits rates, adds the
security headers, and logs and counts every request without personal data.
"""

from __future__ import annotations

from collections.abc import Mapping

import structlog
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import BASE_PATH, disclosures, errors, respond, telemetry
from api.ask import VISIT, Visit, person, route_of
from api.cache import Answer
from api.errors import ApiError, RateLimited, TooLarge
from api.record import Record
from api.scope import Caller
from api.services import Services
from api.snapshots import Snapshot

LARGEST_BODY = 200_000
_NEVER = (b";q=0", b";q=0.0", b";q=0.00", b";q=0.000")

log = structlog.get_logger("api")


class Edge:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp, services: Services) -> None:
        self._app = app
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, whatever happens inside."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        record = Record(scope, send)
        try:
            await self._answer(scope, receive, record)
        except Exception as failure:
            await self._fail(scope, receive, record, failure)
        finally:
            record.close()

    async def _answer(self, scope: Scope, receive: Receive, record: Record) -> None:
        if not scope["path"].startswith(BASE_PATH):
            await self._app(scope, receive, record.send)
            return
        caller = await self._services.verifier.caller(_authorization(dict(scope["headers"])))
        self._limit(caller)
        snapshot = self._services.store.hold()
        record.snapshot = snapshot.id
        try:
            await self._answer_from(snapshot, caller, scope, receive, record)
        finally:
            snapshot.release()

    async def _answer_from(
        self, snapshot: Snapshot, caller: Caller, scope: Scope, receive: Receive, record: Record
    ) -> None:
        visit = _visit(scope, caller, snapshot, is_stale=self._services.store.is_stale(snapshot))
        response = self._remembered(scope, visit, record)
        send = self._disclosing(snapshot, caller, scope, record)
        if response is not None:
            await response(scope, receive, send)
        else:
            scope[VISIT] = visit
            await self._app(scope, _bounded(receive), send)

    def _disclosing(self, snapshot: Snapshot, caller: Caller, scope: Scope, record: Record) -> Send:
        """Sends one learner's record only after its reading is in the log, also when it was cached."""
        subject = disclosures.subject_of(scope["path"], scope["query_string"].decode("latin-1"))
        if subject is None:
            return record.send

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] in (200, 304):
                folder, route = self._services.settings.disclosures_dir, record.route or route_of(scope)
                await self._services.run(disclosures.record, folder, snapshot, caller, subject, route)
            await record.send(message)

        return send

    def _limit(self, caller: Caller) -> None:
        wait_seconds = self._services.limiter.hit(caller)
        if wait_seconds is not None:
            raise RateLimited(wait_seconds)

    def _remembered(self, scope: Scope, visit: Visit, record: Record) -> Response | None:
        if scope["method"] != "GET" or (who := visit.snapshot.scopes.get(visit.caller)) is None:
            return None
        cache = self._services.cache
        answer = cache.get(visit.etag(person(who))) or cache.get(visit.etag(who.audience))
        if answer is None:
            return None
        telemetry.CACHE_HITS.inc()
        record.route = answer.route
        return _response(answer, visit)

    async def _fail(self, scope: Scope, receive: Receive, record: Record, failure: Exception) -> None:
        error = errors.as_api_error(failure)
        if error.status >= 500 and not isinstance(failure, ApiError):
            # No message and no traceback: both may quote values of rows.
            log.error(
                "request_failed",
                request_id=record.request_id,
                error=type(failure).__name__,
                at=_place(failure),
            )
        if record.status == 0:
            await errors.response(error)(scope, receive, record.send)


def _visit(scope: Scope, caller: Caller, snapshot: Snapshot, *, is_stale: bool) -> Visit:
    headers: Mapping[bytes, bytes] = dict(scope["headers"])
    return Visit(
        caller=caller,
        snapshot=snapshot,
        is_stale=is_stale,
        target=scope["raw_path"] + b"?" + scope["query_string"],
        accept=headers.get(b"accept", b"*/*"),
        accepts_gzip=_accepts_gzip(headers),
        if_none_match=headers.get(b"if-none-match", b""),
    )


def _bounded(receive: Receive) -> Receive:
    """The body, as far as any valid request needs one. Raises TooLarge beyond."""
    left = LARGEST_BODY

    async def bounded() -> Message:
        nonlocal left
        message = await receive()
        left -= len(message.get("body", b""))
        if left < 0:
            raise TooLarge
        return message

    return bounded


def _response(answer: Answer, visit: Visit) -> Response:
    if visit.if_none_match and respond.is_match(visit.if_none_match, answer.etag):
        return respond.not_modified(answer.etag, answer.max_age, accepts_gzip=visit.accepts_gzip)
    return respond.ready(answer, accepts_gzip=visit.accepts_gzip)


def _authorization(headers: Mapping[bytes, bytes]) -> str | None:
    value = headers.get(b"authorization")
    return None if value is None else value.decode("latin-1")


def _accepts_gzip(headers: Mapping[bytes, bytes]) -> bool:
    accepted = headers.get(b"accept-encoding", b"").lower()
    if b"gzip" not in accepted:
        return False
    codings = [coding.replace(b" ", b"") for coding in accepted.split(b",")]
    return any(coding.split(b";")[0] == b"gzip" and not coding.endswith(_NEVER) for coding in codings)


def _place(failure: Exception) -> str:
    trace = failure.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "unknown"
