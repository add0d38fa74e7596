"""GET /builds and /builds/{run_id}: the run history. It is not part of a snapshot, so never cached."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from pydantic import AwareDatetime, BaseModel

from api.ask import Ask, allow
from api.documents import documented
from api.errors import NotFound
from api.respond import Envelope, Listing, PagedEnvelope
from api.runs import RunError, RunRecord, RunState, read_run
from api.tokens import Role

router = APIRouter(prefix="/builds", tags=["builds"])
Asked = Annotated[Ask, Depends(allow(Role.ADMIN, Role.ANALYST))]


class Build(BaseModel):
    """One run in the list: published, or why not."""

    run_id: str
    command: str
    state: RunState
    started_at: AwareDatetime
    finished_at: AwareDatetime | None
    as_of: AwareDatetime | None
    snapshot_id: str | None
    error: RunError | None


_EXAMPLE = {
    "run_id": "20260302T013000Z-7f3a",
    "command": "nightly",
    "state": "published",
    "started_at": "2026-03-02T01:30:00Z",
    "finished_at": "2026-03-02T01:31:14Z",
    "as_of": "2026-03-02T01:30:00Z",
    "snapshot_id": "20260302T013000Z-7f3a",
    "error": None,
}
_FULL_EXAMPLE = _EXAMPLE | {
    "pid": 4711,
    "steps": [{"name": "ingest", "state": "done", "seconds": 21.4, "detail": "10000000 rows"}],
    "ingest": {"batch_id": 17},
    "build": {"audits": [{"mart": "dim_user", "audit": "unique_values", "rows": 0, "passed": True}]},
}


@router.get(
    "",
    **documented(
        PagedEnvelope[Build], example=[_EXAMPLE], page={"limit": 20, "offset": 0, "total": 1}, is_cached=False
    ),
)
async def list_builds(
    ask: Asked,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> Response:
    """The runs, newest first: when, how long, published or why not."""
    builds = await ask.services.run(_builds, ask.services.settings.runs_dir)
    return ask.now(Listing(builds[offset : offset + limit], limit, len(builds), offset=offset))


@router.get(
    "/{run_id}", **documented(Envelope[RunRecord], example=_FULL_EXAMPLE, raises=(NotFound,), is_cached=False)
)
async def show_build(ask: Asked, run_id: str) -> Response:
    """One run: steps, durations, rows, orphans, audits, published or why not."""
    run = await ask.services.run(_find, ask.services.settings.runs_dir, run_id)
    if run is None:
        raise NotFound
    return ask.now(run)


def _builds(folder: Path) -> list[Build]:
    """All runs, newest first."""
    paths = sorted(folder.glob("*.json"), reverse=True)
    return [build for path in paths if (build := _build(path, _changed(path))) is not None]


@lru_cache(maxsize=10_000)
def _build(path: Path, changed: int) -> Build | None:  # noqa: ARG001 - a file that has changed is read again
    """What the list shows of a run, read once: a year of nights would take half a second each time."""
    run = read_run(path)
    return None if run is None else Build.model_validate(run, from_attributes=True)


def _changed(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _find(folder: Path, run_id: str) -> RunRecord | None:
    # Compared with the names that exist instead of joined to the folder: no id can lead out of it.
    return next((read_run(path) for path in folder.glob("*.json") if path.stem == run_id), None)
