"""One error tree, one handler, one JSON shape: {"error": {"code", "message", "details"}}.

Messages name what is wrong and where; they never hold SQL, a stack trace or a value of a row.
"""

# ruff: noqa: N818 - routes read as sentences: `raise NotFound`, `raise Forbidden`
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import duckdb
import orjson
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

RETRY_AFTER_SECONDS = 10


class ApiError(Exception):
    """An answer that is not a success. `details` is JSON-able, `headers` are added to the response."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"
    meaning: ClassVar[str] = "The server failed; the request id leads to the log."

    def __init__(
        self, message: str = "", *, details: object = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message or self.meaning)
        self.message = message or self.meaning
        self.details = details
        self.headers = dict(headers or {})


class BadValue(ApiError):
    """400: a value that validation of the parameters cannot see."""

    status, code, meaning = 400, "bad_value", "A value is not usable."


class Unauthenticated(ApiError):
    """401: no token, or one that does not hold."""

    status, code, meaning = 401, "unauthenticated", "A valid bearer token is needed."

    def __init__(self, message: str = "") -> None:
        super().__init__(message, headers={"WWW-Authenticate": "Bearer"})


class Forbidden(ApiError):
    """403: this caller may not ask that."""

    status, code, meaning = 403, "forbidden", "This role may not ask that."


class NotFound(ApiError):
    """404: unknown, or in another school; the two cannot be told apart."""

    status, code, meaning = 404, "not_found", "There is no such thing for this caller."


class NotAllowedMethod(ApiError):
    """405: the path exists, the method does not."""

    status, code, meaning = 405, "method_not_allowed", "The path does not know this method."


class Conflict(ApiError):
    """409: the request contradicts what is stored."""

    status, code, meaning = 409, "conflict", "The request contradicts what is stored."


class TooLarge(ApiError):
    """413: the body is larger than any valid request."""

    status, code, meaning = 413, "too_large", "The body is too large."


class Invalid(ApiError):
    """422: a parameter or the body breaks its rules."""

    status, code, meaning = 422, "invalid", "A parameter or the body breaks its rules."


class RateLimited(ApiError):
    """429: the caller made more requests than the setting allows."""

    status, code, meaning = 429, "rate_limited", "Too many requests; wait as `Retry-After` says."

    def __init__(self, retry_after_seconds: int) -> None:
        super().__init__(headers={"Retry-After": str(max(1, retry_after_seconds))})


class Unavailable(ApiError):
    """503: no snapshot yet, or the source cannot be reached."""

    status, code, meaning = 503, "unavailable", "No snapshot yet, or the source cannot be reached."

    def __init__(self, message: str = "", *, details: object = None) -> None:
        super().__init__(message, details=details, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})


TREE: tuple[type[ApiError], ...] = (
    BadValue, Unauthenticated, Forbidden, NotFound, NotAllowedMethod, Conflict, TooLarge, Invalid,
    RateLimited, Unavailable, ApiError,
)  # fmt: skip
_BY_STATUS = {kind.status: kind for kind in TREE}


async def handle(_: Request, failure: Exception) -> Response:
    """The one exception handler: any failure in the one shape. Unknown failures become a bare 500."""
    return response(as_api_error(failure))


def response(error: ApiError) -> Response:
    """The response of an error, never cached."""
    headers = {"Cache-Control": "no-store"} | error.headers
    return Response(body(error), error.status, headers, "application/json")


def body(error: ApiError) -> bytes:
    """The one JSON shape of an error."""
    return orjson.dumps({"error": {"code": error.code, "message": error.message, "details": error.details}})


def as_api_error(failure: Exception) -> ApiError:
    """Translate what the framework raises; anything unknown becomes the nameless internal error."""
    if isinstance(failure, ApiError):
        return failure
    if isinstance(failure, RequestValidationError):
        return Invalid(details=[_complaint(error) for error in failure.errors()])
    if isinstance(failure, HTTPException):
        # What stopped the reading of a body arrives wrapped.
        return failure.__cause__ if isinstance(failure.__cause__, ApiError) else _of_status(failure)
    if isinstance(failure, duckdb.CatalogException):
        return Unavailable("The snapshot was built by an older version; the next night publishes a new one.")
    return ApiError()


def _complaint(error: Mapping[str, Any]) -> dict[str, str]:
    # The input itself is left out: it may hold a name or a token.
    return {"where": ".".join(str(part) for part in error["loc"]), "what": str(error["msg"])}


def _of_status(failure: HTTPException) -> ApiError:
    if failure.status_code == 400:
        # The framework's only 400: a body that cannot be read as JSON.
        return Invalid(details=[{"where": "body", "what": "must be JSON"}])
    kind = _BY_STATUS.get(failure.status_code, ApiError)
    error = ApiError.__new__(kind)
    ApiError.__init__(error, headers=failure.headers)
    return error
