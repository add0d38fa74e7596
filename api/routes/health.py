"""GET /healthz, /readyz, /metrics: for the host and its monitoring; none of them shows data."""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import AwareDatetime, BaseModel, Field

from api import telemetry
from api.documents import open_route
from api.errors import Unavailable
from api.services import Services

router = APIRouter(tags=["operation"])


class Alive(BaseModel):
    """The process answers."""

    status: str


class Ready(BaseModel):
    """A snapshot is open."""

    status: str
    snapshot_id: str
    as_of: AwareDatetime
    age_seconds: float = Field(description="Age of the snapshot by its as_of.")
    stale: bool


@router.get("/healthz", **open_route(Alive, example={"status": "alive"}))
async def healthz() -> Alive:
    """Liveness: the process answers."""
    return Alive(status="alive")


@router.get(
    "/readyz",
    **open_route(
        Ready,
        example={
            "status": "ready",
            "snapshot_id": "20260302T013000Z-7f3a",
            "as_of": "2026-03-02T01:30:00Z",
            "age_seconds": 3600.0,
            "stale": False,
        },
        raises=(Unavailable,),
    ),
)
async def readyz(request: Request) -> Ready:
    """Readiness: a snapshot is open; its age."""
    services: Services = request.app.state.services
    snapshot = services.store.current
    if snapshot is None:
        raise Unavailable("No snapshot has been published yet.")
    age_seconds = (datetime.now(UTC) - snapshot.as_of).total_seconds()
    is_stale = services.store.is_stale(snapshot)
    return Ready(
        status="ready", snapshot_id=snapshot.id, as_of=snapshot.as_of, age_seconds=age_seconds, stale=is_stale
    )


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
async def metrics(request: Request) -> Response:
    """Metrics in the Prometheus text format."""
    snapshot = request.app.state.services.store.current
    body = telemetry.exposition(snapshot.manifest if snapshot else None)
    return Response(body, media_type=CONTENT_TYPE_LATEST)
