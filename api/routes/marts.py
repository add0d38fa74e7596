"""GET /marts and /marts/{name}: the catalogue, and the rows in five formats."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import StreamingResponse

from api import respond
from api.ask import Ask, allow
from api.cache import Answer
from api.documents import documented
from api.errors import BadValue, NotFound
from api.marts.access import readable
from api.marts.asked import read_asked
from api.marts.catalogue import Mart, catalogue
from api.marts.formats import IS_TEXT, MEDIA_TYPES, Format, Frame, encode, negotiate
from api.marts.lineage import Origin, lineage
from api.marts.rows import PageInfo, Selection, page_info, reading
from api.respond import PagedEnvelope
from api.routes.examples import LINEAGE_EXAMPLE, MART_EXAMPLE, ROWS_DOCUMENT
from api.tokens import Role

router = APIRouter(prefix="/marts", tags=["marts"])
Asked = Annotated[Ask, Depends(allow(Role.ADMIN, Role.TEACHER, Role.ANALYST))]
MAX_AGE_SECONDS = 60
LARGEST_LIMIT = 1_000_000
# Pages up to this size are kept like any other answer; larger ones go out while they are read.
KEPT_ROWS = 1_000


@router.get(
    "",
    **documented(PagedEnvelope[Mart], example=[MART_EXAMPLE], page={"limit": 1, "offset": 0, "total": 1}),
)
async def list_marts(ask: Asked) -> Response:
    """Every mart: name, description, grain, columns with meanings, rows, lineage, last audit results."""
    return await ask.caching(MAX_AGE_SECONDS, shared=True).answer(catalogue)


@router.get(
    "/{name}/lineage",
    **documented(
        PagedEnvelope[Origin],
        example=LINEAGE_EXAMPLE,
        page={"limit": 3, "offset": 0, "total": 3},
        raises=(NotFound,),
    ),
)
async def mart_lineage(ask: Asked, name: str) -> Response:
    """The mart and every model upstream of it, down to the source's tables, with each column's origins."""
    return await ask.caching(MAX_AGE_SECONDS, shared=True).answer(lambda snapshot, _: lineage(snapshot, name))


@router.get(
    "/{name}",
    **documented(
        PagedEnvelope[dict[str, Any]],
        example=[{"user_key": 17, "activity_date": "2026-03-01", "xp": 120}],
        page={"limit": 1, "next": "WyI3ZjNhIiwiMTciXQ", "total": 5},
        raises=(BadValue, NotFound),
        extra=ROWS_DOCUMENT,
    ),
)
async def mart_rows(
    ask: Asked,
    name: str,
    columns: Annotated[str | None, Query(description="Columns to return, separated by commas.")] = None,
    order: Annotated[
        str | None,
        Query(description="Columns to order by, each with .asc or .desc; the grain breaks ties, NULLs last."),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=LARGEST_LIMIT)] = 100,
    next: Annotated[str | None, Query(description="`page.next` of the page before.")] = None,  # noqa: A002
    format: Annotated[Format | None, Query(description="Overrides Accept.")] = None,  # noqa: A002
) -> Response:
    """Rows of a mart, filtered by `column=operator.value` (eq ne lt le gt ge in like), in keyset pages.

    Every page but the last is full. `Link` and `X-Total-Count` hold the page's place for the formats
    without an envelope; `X-Snapshot-ID` and `X-As-Of` say what the rows are true for.
    """
    mart = readable(ask.snapshot.manifest, name, ask.scope)
    asked = read_asked(mart.types, mart.entry.grain, columns, order, ask.request.query_params.multi_items())
    kind = format or negotiate(ask.visit.accept.decode("latin-1"))
    return await _respond(ask, Selection(mart, asked, limit, next), kind)


async def _respond(ask: Ask, selection: Selection, kind: Format) -> Response:
    caching = ask.caching(MAX_AGE_SECONDS, shared=True)
    if caching.is_known_to_client:
        return respond.not_modified(caching.etag, MAX_AGE_SECONDS, accepts_gzip=ask.visit.accepts_gzip)
    if selection.limit <= KEPT_ROWS:
        return await caching.keep(lambda: _kept(ask, selection, kind, caching.etag))
    page = await ask.services.run(page_info, ask.snapshot, selection)
    return _streamed(ask, selection, kind, page, caching.etag)


def _kept(ask: Ask, selection: Selection, kind: Format, etag: str) -> Answer:
    page = page_info(ask.snapshot, selection)
    body = b"".join(_chunks(ask, selection, kind, page))
    return respond.make_answer(
        etag,
        ask.route,
        MAX_AGE_SECONDS,
        body,
        media_type=MEDIA_TYPES[kind],
        headers=_headers(ask, page),
        is_compressible=kind in IS_TEXT,
    )


def _streamed(ask: Ask, selection: Selection, kind: Format, page: PageInfo, etag: str) -> Response:
    is_gzip = ask.visit.accepts_gzip and kind in IS_TEXT
    chunks = _chunks(ask, selection, kind, page)
    response = StreamingResponse(_on_thread(ask, _gzipped(chunks) if is_gzip else chunks))
    response.raw_headers = [
        *respond.cache_headers(etag, MAX_AGE_SECONDS, is_gzip=is_gzip),
        (b"content-type", MEDIA_TYPES[kind].encode()),
        *([(b"content-encoding", b"gzip")] if is_gzip else []),
        *respond.raw_headers(_headers(ask, page)),
    ]
    return response


def _chunks(ask: Ask, selection: Selection, kind: Format, page: PageInfo) -> Iterator[bytes]:
    frame = Frame(
        meta=respond.meta_bytes(ask.snapshot, ask.visit.is_stale),
        page=respond.dumps({"limit": selection.limit, "next": page.next, "total": page.total}),
    )
    with reading(ask.snapshot, selection) as reader:
        yield from encode(kind, reader, frame)


def _headers(ask: Ask, page: PageInfo) -> tuple[tuple[str, str], ...]:
    place = [
        ("X-Total-Count", str(page.total)),
        ("X-Snapshot-ID", ask.snapshot.id),
        ("X-As-Of", respond.moment(ask.snapshot.as_of)),
    ]
    if page.next is not None:
        address = ask.request.url.include_query_params(next=page.next)
        place.append(("Link", f'<{address.path}?{address.query}>; rel="next"'))
    return tuple(place)


async def _on_thread(ask: Ask, chunks: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Chunks of a blocking iterator. Closed on a thread too, when the client leaves early."""
    try:
        while (chunk := await ask.services.run(lambda: next(chunks, None))) is not None:
            if chunk:
                yield chunk
    finally:
        await asyncio.shield(ask.services.run(_close, chunks))


def _close(chunks: Iterator[bytes]) -> None:
    if isinstance(chunks, Iterator) and hasattr(chunks, "close"):
        chunks.close()


def _gzipped(chunks: Iterator[bytes]) -> Iterator[bytes]:
    compressor = zlib.compressobj(5, wbits=31)
    try:
        for chunk in chunks:
            yield compressor.compress(chunk)
        yield compressor.flush()
    finally:
        _close(chunks)
