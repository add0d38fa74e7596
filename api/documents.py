"""What the OpenAPI document says beyond what FastAPI sees: errors, examples, the bearer token."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel

from api.errors import (
    ApiError,
    Forbidden,
    Invalid,
    RateLimited,
    TooLarge,
    Unauthenticated,
    Unavailable,
)

SCHEME = "bearer"
META_EXAMPLE = {
    "snapshot_id": "20260302T013000Z-7f3a",
    "as_of": "2026-03-02T01:30:00Z",
    "built_at": "2026-03-02T01:31:12Z",
    "stale": False,
}


class ErrorBody(BaseModel):
    """What went wrong: a stable code, a sentence, and what helps to mend it."""

    code: str
    message: str
    details: Any = None


class ErrorEnvelope(BaseModel):
    """Every error."""

    error: ErrorBody


def documented(
    model: Any,
    *,
    example: object,
    page: object = None,
    raises: Iterable[type[ApiError]] = (),
    status: int = 200,
    is_cached: bool = True,
    extra: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Keyword arguments of a route: response model, an example of `data` (and `page`), and its errors.

    401, 403, 422, 429 and 503 are in every route; `raises` adds others, such as NotFound. `extra` holds
    OpenAPI parameters that FastAPI does not see, and other media types of the answer.
    """
    extra = extra or {}
    body = {"data": example, "meta": META_EXAMPLE} | ({} if page is None else {"page": page})
    kinds: set[type[ApiError]] = {Unauthenticated, Forbidden, Invalid, RateLimited, Unavailable, *raises}
    kinds |= {TooLarge} if status == 201 else set()
    return {
        "response_model": model,
        "status_code": status,
        "responses": {
            status: {"model": model, "content": _contents(body, extra)},
            **(
                {304: {"description": "The client's copy is still exact."}}
                if is_cached and status == 200
                else {}
            ),
            **{kind.status: _error(kind) for kind in sorted(kinds, key=lambda kind: kind.status)},
        },
        "openapi_extra": {"security": [{SCHEME: []}], "parameters": extra.get("parameters", [])},
    }


def open_route(model: Any, *, example: object, raises: Iterable[type[ApiError]] = ()) -> dict[str, Any]:
    """Keyword arguments of a route outside the base path, without envelope and token."""
    return {
        "response_model": model,
        "responses": {
            200: {"model": model, "content": {"application/json": {"example": example}}},
            **{kind.status: _error(kind) for kind in raises},
        },
    }


def _contents(body: object, extra: dict[str, Any]) -> dict[str, Any]:
    others: dict[str, Any] = {media: {} for media in extra.get("media_types", ())}
    return {"application/json": {"example": body}} | others


def _error(kind: type[ApiError]) -> dict[str, Any]:
    example = {"error": {"code": kind.code, "message": kind.meaning, "details": None}}
    return {
        "model": ErrorEnvelope,
        "description": kind.meaning,
        "content": {"application/json": {"example": example}},
    }
