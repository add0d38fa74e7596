"""POST /sql: one SELECT on the marts, as JSON or as a file."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response
from fastapi import Query as Parameter
from fastapi import Request as HttpRequest
from pydantic import BaseModel, ConfigDict, Field

from api import respond
from api.ask import Ask, allow
from api.documents import documented
from api.errors import BadValue, Forbidden, TooLarge
from api.marts.access import readable_marts
from api.marts.formats import MEDIA_TYPES, Format, negotiate
from api.respond import Envelope
from api.sql.guard import LONGEST_QUERY
from api.sql.sandbox import Query, QueryFile
from api.tokens import Role

router = APIRouter(tags=["marts"])
_WATCH_SECONDS = 0.1


class SqlBody(BaseModel):
    """A query and the most rows wanted."""

    model_config = ConfigDict(extra="forbid")

    query: str = Field(
        min_length=1, max_length=LONGEST_QUERY, description="One SELECT; marts without a schema."
    )
    limit: int = Field(
        1_000, ge=1, le=1_000_000, description="Most rows; the server's own limit may be lower."
    )


class SqlColumn(BaseModel):
    """One column of a result with its DuckDB type."""

    name: str
    type: str


class SqlResult(BaseModel):
    """Rows in the order of the columns; `truncated` when there were more."""

    columns: list[SqlColumn]
    rows: list[list[Any]]
    truncated: bool


_FILES = {"media_types": [media for kind, media in MEDIA_TYPES.items() if kind is not Format.JSON]}
_EXAMPLE = {"columns": [{"name": "learners", "type": "BIGINT"}], "rows": [[412]], "truncated": False}


@router.post(
    "/sql",
    **documented(
        Envelope[SqlResult], example=_EXAMPLE, raises=(BadValue, TooLarge), is_cached=False, extra=_FILES
    ),
)
async def run_sql(
    ask: Annotated[Ask, Depends(allow(Role.ADMIN, Role.ANALYST))],
    body: SqlBody,
    format: Annotated[Format | None, Parameter(description="Overrides Accept.")] = None,  # noqa: A002
) -> Response:
    """Run one SELECT on the marts; an analyst of a school sees that school's rows only.

    Nothing but the marts can be reached. The query ends at the server's time, row and memory limits, and
    when the client leaves. A file says in `X-Truncated` whether there were more rows.
    """
    if ask.scope.role is Role.ADMIN and not ask.scope.platform:
        raise Forbidden("Only admins of the whole platform and analysts may run SQL.")
    kind = format or negotiate(ask.visit.accept.decode("latin-1"))
    query = Query(body.query, body.limit, readable_marts(ask.snapshot.manifest, ask.scope), kind)
    task = asyncio.create_task(ask.services.sandboxes.run(ask.snapshot, ask.scope, query))
    result = await _while_connected(ask.request, task)
    return _file(ask, kind, result) if isinstance(result, QueryFile) else ask.now(result)


def _file(ask: Ask, kind: Format, result: QueryFile) -> Response:
    headers = {
        "Cache-Control": "private, max-age=0",
        "X-Truncated": "true" if result.is_truncated else "false",
        "X-Snapshot-ID": ask.snapshot.id,
        "X-As-Of": respond.moment(ask.snapshot.as_of),
    }
    return Response(result.content, media_type=MEDIA_TYPES[kind], headers=headers)


async def _while_connected(request: HttpRequest, task: asyncio.Task[Any]) -> Any:
    """The task's result; the task is cancelled, and its process killed, when the client leaves."""
    while not task.done():
        await asyncio.wait({task}, timeout=_WATCH_SECONDS)
        if not task.done() and await request.is_disconnected():
            task.cancel()
            await asyncio.wait({task})
            raise BadValue("The client left.")
    return task.result()
