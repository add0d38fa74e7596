"""GET /classes/, /classes/{class_id}/learners and /learners/{user_id}/mastery."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from api import examples
from api.ask import STAFF, Ask, allow
from api.documents import documented
from api.errors import NotFound
from api.queries import teaching
from api.respond import Envelope, PagedEnvelope
from api.schemas.teaching import ClassLearner, ClassSummary, LearnerMastery

router = APIRouter(tags=["classes"])
Staff = Annotated[Ask, Depends(allow(*STAFF))]


@router.get(
    "/classes/", **documented(PagedEnvelope[ClassSummary], example=[examples.CLASS], page=examples.PAGE)
)
async def get_classes(ask: Staff) -> Response:
    """The classes in scope by name."""
    return await ask.caching(60, shared=True).answer(teaching.list_classes)


@router.get(
    "/classes/{class_id}/learners",
    **documented(
        PagedEnvelope[ClassLearner],
        example=[examples.CLASS_LEARNER],
        page=examples.PAGE,
        raises=(NotFound,),
    ),
)
async def get_class_learners(ask: Staff, class_id: UUID) -> Response:
    """The enrolled learners of one class: risk with every reason, and mastery by course."""
    return await ask.caching(60, shared=True).answer(teaching.class_learners, class_id)


@router.get(
    "/learners/{user_id}/mastery",
    **documented(Envelope[LearnerMastery], example=examples.LEARNER_MASTERY, raises=(NotFound,)),
)
async def get_learner_mastery(ask: Staff, user_id: UUID) -> Response:
    """One learner's mastery by subject, for the staff of the school."""
    return await ask.caching(60, shared=True).answer(teaching.learner_mastery, user_id)
