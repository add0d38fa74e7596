"""GET /compliance/*: for administrators; of the own school when the token names one."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from api import examples
from api.ask import Ask, allow
from api.disclosures import list_disclosures
from api.documents import documented
from api.errors import NotFound
from api.parameters import Limit, Offset
from api.queries import compliance
from api.receipts import Receipt
from api.respond import Envelope, PagedEnvelope
from api.schemas import compliance as shown
from api.tokens import Role

router = APIRouter(prefix="/compliance", tags=["compliance"])
Administrator = Annotated[Ask, Depends(allow(Role.ADMIN))]


@router.get("/status", **documented(Envelope[shown.ComplianceStatus], example=examples.COMPLIANCE_STATUS))
async def get_status(ask: Administrator) -> Response:
    """Requests, consents, minors, retention, incidents, erasures, the register, and the verdict."""
    return await ask.caching(0, shared=True).answer(compliance.status)


@router.get(
    "/requests",
    **documented(PagedEnvelope[shown.SubjectRequest], example=[examples.SUBJECT_REQUEST], page=examples.PAGE),
)
async def get_requests(
    ask: Administrator,
    is_open: Annotated[bool | None, Query(description="Only open, or only closed ones.")] = None,
    is_overdue: Annotated[bool | None, Query(description="Only overdue ones, or only the others.")] = None,
    limit: Limit = 20,
    offset: Offset = 0,
) -> Response:
    """Requests of data subjects, the nearest deadline first. People appear by key alone."""
    wanted = compliance.RequestFilter(is_open, is_overdue, limit, offset)
    return await ask.caching(0, shared=True).answer(compliance.list_requests, wanted)


@router.get(
    "/erasures/{request_id}",
    **documented(Envelope[Receipt], example=examples.ERASURE_RECEIPT, raises=(NotFound,)),
)
async def get_erasure(ask: Administrator, request_id: UUID) -> Response:
    """The receipt of an erasure: tables with rows before and after, files and snapshots removed."""
    folder = ask.services.settings.receipts_dir
    return ask.now(await ask.run(compliance.erasure_receipt, str(request_id), folder))


@router.get(
    "/disclosures",
    **documented(PagedEnvelope[shown.Disclosure], example=[examples.DISCLOSURE], page=examples.PAGE),
)
async def get_disclosures(
    ask: Administrator,
    user_id: Annotated[UUID | None, Query(description="Only readings of this learner's record.")] = None,
    limit: Limit = 20,
    offset: Offset = 0,
) -> Response:
    """Who read a learner's record, the newest first (FERPA, 34 CFR 99.32)."""
    settings = ask.services.settings
    return ask.now(await ask.run(list_disclosures, settings.disclosures_dir, user_id, limit, offset))
