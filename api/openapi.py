"""The OpenAPI document: what FastAPI generates, plus who may call, whole examples and the bearer scheme."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute

from api import BASE_PATH
from api.ask import allow
from api.documents import SCHEME
from api.routes import OPEN_ROUTERS, ROUTERS
from api.tokens import Role


@dataclass(frozen=True)
class RouteEntry:
    """One operation. `roles` None: outside the base path, open to anyone on the host network."""

    method: str
    path: str
    roles: frozenset[Role] | None
    platform_only: bool
    route: APIRoute


def route_table() -> list[RouteEntry]:
    """Every operation of the API. Raises RuntimeError for one under the base path that asks for no caller."""
    scoped = [_entry(route, BASE_PATH) for router in ROUTERS for route in _routes(router.routes)]
    for entry in scoped:
        if entry.roles is None:
            raise RuntimeError(f"{entry.method} {entry.path} is open: it needs Depends(allow(...))")
    return scoped + [_entry(route, "") for router in OPEN_ROUTERS for route in _routes(router.routes)]


def complete(app: FastAPI) -> None:
    """Make the app serve the completed document."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _completed(generate())
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _completed(document: dict[str, Any]) -> dict[str, Any]:
    schemes = document.setdefault("components", {}).setdefault("securitySchemes", {})
    schemes[SCHEME] = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    for entry in route_table():
        operation = document["paths"][entry.path][entry.method.lower()]
        if entry.roles is not None:
            operation["x-roles"] = sorted(entry.roles)
        _restore_examples(operation, entry.route)
    return document


def _restore_examples(operation: dict[str, Any], route: APIRoute) -> None:
    """FastAPI drops nulls from examples, which would make them break their own schema."""
    for status, response in route.responses.items():
        for media_type, content in response.get("content", {}).items():
            if "example" in content:
                operation["responses"][str(status)]["content"][media_type]["example"] = content["example"]


def _entry(route: APIRoute, prefix: str) -> RouteEntry:
    guards = [part.call for part in route.dependant.dependencies if isinstance(part.call, allow)]
    method = min(route.methods or {"GET"})
    roles = frozenset[Role]().union(*(guard.roles for guard in guards)) if guards else None
    return RouteEntry(method, prefix + route.path, roles, any(g.platform_only for g in guards), route)


def _routes(routes: list[Any]) -> Iterator[APIRoute]:
    return (route for route in routes if isinstance(route, APIRoute) and route.include_in_schema)
