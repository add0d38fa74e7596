"""Answers as bytes: the envelope, ETag and Cache-Control, gzip, 304. See "Caching" in docs/api.md.

An ETag is the snapshot's id and a hash of whether it is stale, the request and who may see the answer, so it
is known before the answer is, and equal for equal answers in every worker.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from hashlib import blake2b
from typing import Any, Generic, TypeVar

import orjson
from fastapi import Response
from pydantic import AwareDatetime, BaseModel, Field

from api import CONTRACT_VERSION
from api.cache import Answer
from api.snapshots import Snapshot
from api.suppression import Guarded

JSON = "application/json"
GZIP_FROM_BYTES = 1_000
_GZIP_LEVEL = 5
_OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_NAIVE_UTC | orjson.OPT_SERIALIZE_NUMPY
_VARY = "Authorization, Accept, Accept-Encoding"
RawHeaders = list[tuple[bytes, bytes]]
T = TypeVar("T")


class Meta(BaseModel):
    """Which snapshot an answer is from, and how fresh it is."""

    snapshot_id: str = Field(description="The snapshot that the answer was computed from.")
    as_of: AwareDatetime = Field(description="The moment of the source that the figures are true for.")
    built_at: AwareDatetime = Field(description="When the snapshot was built.")
    stale: bool = Field(description="Whether as_of is older than the configured limit.")
    withheld: list[str] | None = Field(
        None, description="Figures that are null because few people stand behind them; absent otherwise."
    )
    withheld_reason: str | None = Field(None, description="Why; absent when nothing is withheld.")


class Page(BaseModel):
    """Where a list stands: `offset` or `next`, never both."""

    limit: int
    offset: int | None = None
    next: str | None = Field(
        None, description="Pass it as `next` to get the following page; null on the last."
    )
    total: int = Field(description="Rows of all pages together.")


class Envelope(BaseModel, Generic[T]):
    """Every success."""

    data: T
    meta: Meta


class PagedEnvelope(BaseModel, Generic[T]):
    """Every success that is a list."""

    data: list[T]
    meta: Meta
    page: Page


@dataclass(frozen=True, slots=True)
class Listing:
    """Rows of one page, for routes whose answer is a list; `total` counts the rows of all pages.

    Set `offset` for pages by offset; otherwise the page says `next`.
    """

    rows: Any
    limit: int
    total: int
    offset: int | None = None
    next: str | None = None

    def page(self) -> dict[str, object]:
        """The `page` member of the envelope."""
        place = {"next": self.next} if self.offset is None else {"offset": self.offset}
        return {"limit": self.limit, **place, "total": self.total}


class ReadyResponse(Response):
    """A response whose headers are complete already."""

    def __init__(self, status: int, headers: RawHeaders, body: bytes = b"") -> None:
        self.status_code = status
        self.raw_headers = headers
        self.body = body
        self.background = None


def etag_of(snapshot_id: str, is_stale: bool, target: bytes, accept: bytes, audience: str) -> str:
    """The strong ETag of a request (without the quotes): the snapshot's id and 128 bits as hex."""
    parts = (CONTRACT_VERSION, "stale" if is_stale else "fresh", audience)
    digest = blake2b(b"\0".join((*(part.encode() for part in parts), target, accept)), digest_size=16)
    return f"{snapshot_id}-{digest.hexdigest()}"


def is_match(if_none_match: bytes, etag: str) -> bool:
    """Whether an If-None-Match header names this ETag, plain or compressed (RFC 9110, 13.1.2)."""
    names = (name.strip().removeprefix(b"W/").strip(b'"') for name in if_none_match.split(b","))
    return any(name.removesuffix(b"-gzip") == etag.encode() for name in names)


def cache_headers(etag: str, max_age: int, *, is_gzip: bool = False) -> RawHeaders:
    """The headers that an answer and its 304 share."""
    tag = f'"{etag}-gzip"' if is_gzip else f'"{etag}"'
    return [
        (b"etag", tag.encode()),
        (b"cache-control", b"private, max-age=%d" % max_age),
        (b"vary", _VARY.encode()),
    ]


def not_modified(etag: str, max_age: int, *, accepts_gzip: bool) -> ReadyResponse:
    """304: the client's copy is still exact."""
    return ReadyResponse(304, cache_headers(etag, max_age, is_gzip=accepts_gzip))


def ready(answer: Answer, *, accepts_gzip: bool) -> ReadyResponse:
    """An answer as a response, compressed when both sides can."""
    compressed = answer.gzipped if accepts_gzip else None
    body = answer.body if compressed is None else compressed
    headers = cache_headers(answer.etag, answer.max_age, is_gzip=compressed is not None)
    headers += [(b"content-type", answer.media_type.encode()), (b"content-length", b"%d" % len(body))]
    headers += [(b"content-encoding", b"gzip")] if compressed is not None else []
    headers += raw_headers(answer.headers)
    return ReadyResponse(200, headers, body)


def make_answer(
    etag: str,
    route: str,
    max_age: int,
    body: bytes,
    *,
    media_type: str = JSON,
    headers: tuple[tuple[str, str], ...] = (),
    is_compressible: bool = True,
) -> Answer:
    """An answer for the cache, with its compressed form when that is worth it."""
    is_worth_it = is_compressible and len(body) >= GZIP_FROM_BYTES
    compressed = gzip.compress(body, _GZIP_LEVEL, mtime=0) if is_worth_it else None
    return Answer(etag, route, max_age, media_type, body, compressed, headers)


def uncached(status: int, body: bytes, headers: Mapping[str, str]) -> ReadyResponse:
    """An answer that is only true now: no ETag, max-age 0."""
    shared = [
        (b"content-type", JSON.encode()),
        (b"content-length", b"%d" % len(body)),
        (b"cache-control", b"private, max-age=0"),
        (b"vary", _VARY.encode()),
    ]
    return ReadyResponse(status, [*shared, *raw_headers(headers.items())], body)


def envelope(data: object, snapshot: Snapshot, *, is_stale: bool) -> bytes:
    """{"data", "meta"} as JSON bytes, with "page" for a Listing. Dataclasses, dates, UUIDs are understood."""
    if isinstance(data, Guarded):
        why = {"withheld": data.withheld, "withheld_reason": data.reason}
        return _join(b'{"data":', dumps(data.data), meta_bytes(snapshot, is_stale, why), None)
    if isinstance(data, Listing):
        return _join(b'{"data":', dumps(data.rows), meta_bytes(snapshot, is_stale), dumps(data.page()))
    return _join(b'{"data":', dumps(data), meta_bytes(snapshot, is_stale), None)


def meta_bytes(snapshot: Snapshot, is_stale: bool, more: Mapping[str, object] | None = None) -> bytes:
    """The `meta` member as JSON, with what else is to be said."""
    manifest = snapshot.manifest
    return dumps(
        {
            "snapshot_id": manifest.id,
            "as_of": manifest.as_of,
            "built_at": manifest.built_at,
            "stale": is_stale,
            **(more or {}),
        }
    )


def dumps(value: object) -> bytes:
    """JSON bytes: naive timestamps are UTC, offsets are written as Z, decimals as numbers, NaN as null."""
    return orjson.dumps(value, _jsonable, _OPTIONS)


def raw_headers(headers: Iterable[tuple[str, str]]) -> RawHeaders:
    """Headers as ASGI wants them."""
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]


def moment(value: datetime) -> str:
    """A timestamp as every answer writes it: ISO 8601 with the offset Z."""
    return dumps(value).decode().strip('"')


def _join(start: bytes, data: bytes, meta: bytes, page: bytes | None) -> bytes:
    tail = b"}" if page is None else b',"page":' + page + b"}"
    return b"".join((start, data, b',"meta":', meta, tail))


def _jsonable(value: object) -> object:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, BaseModel):
        return value.model_dump()
    raise TypeError(f"{type(value).__name__} is not JSON")
