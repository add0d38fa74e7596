"""Answers of /compliance. People appear by key alone, requests and incidents by their own ids."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from pydantic import AwareDatetime, Field


class Overall(StrEnum):
    """breach: something is overdue, late or unproven; attention: something needs a hand; else ok."""

    BREACH = "breach"
    ATTENTION = "attention"
    OK = "ok"


@dataclass(frozen=True, slots=True)
class KindFigures:
    """Requests of one kind."""

    kind: str
    total: int
    open: int
    overdue: int
    due_within_7_days: int
    closed_in_time_rate: Annotated[float | None, Field(description="0..1; null while none is closed.")]


@dataclass(frozen=True, slots=True)
class RequestFigures:
    """Requests of data subjects against GDPR Art. 12(3)."""

    open: int
    overdue: Annotated[int, Field(description="Open after the deadline, or closed after it.")]
    due_within_7_days: int
    closed_in_time_rate: Annotated[float | None, Field(description="0..1; null while none is closed.")]
    by_kind: list[KindFigures]


@dataclass(frozen=True, slots=True)
class ConsentFigures:
    """Active-account users whose newest consent for the purpose is not withdrawn."""

    purpose: str
    coverage: Annotated[float | None, Field(description="0..1; null without users.")]


@dataclass(frozen=True, slots=True)
class MinorFigures:
    """Learners with an active account below the age of digital consent."""

    total: int
    without_parental_consent: int


@dataclass(frozen=True, slots=True)
class RetentionFigures:
    """Rows of a source table that are kept too long."""

    table: str
    limit_days: int
    rows_overdue: int
    oldest: Annotated[AwareDatetime | None, Field(description="Null without rows.")]


@dataclass(frozen=True, slots=True)
class IncidentFigures:
    """Security incidents against the 72 hours of GDPR Art. 33."""

    open: int
    notified_late: int


@dataclass(frozen=True, slots=True)
class ErasureFigures:
    """Completed erasure requests, and whether they are proven in this warehouse."""

    completed: int
    verified: int
    unproven: int


@dataclass(frozen=True, slots=True)
class RegisterFigures:
    """Marts with a reviewed entry in the register of processing, of all marts."""

    documented: int
    total: int


@dataclass(frozen=True, slots=True)
class ComplianceStatus:
    """Is the school, or the platform, within the law today?"""

    overall: Overall
    requests: RequestFigures
    consents: list[ConsentFigures]
    minors: MinorFigures
    retention: list[RetentionFigures]
    incidents: IncidentFigures
    erasures: ErasureFigures
    processing_register: RegisterFigures


@dataclass(frozen=True, slots=True)
class SubjectRequest:
    """One request of a data subject with its deadline."""

    request_id: str
    request_key: int
    user_key: Annotated[int | None, Field(description="Null after an erasure, or when nobody is known.")]
    school_id: Annotated[str | None, Field(description="Null: the unassigned school.")]
    kind: str
    status: str
    received_date: dt.date
    first_due_date: dt.date
    is_extension_valid: bool
    due_date: dt.date
    ferpa_due_date: Annotated[dt.date | None, Field(description="45 days; null outside FERPA.")]
    closed_date: dt.date | None
    days_left: Annotated[int | None, Field(description="Negative after the due date; null when closed.")]
    is_open: bool
    is_overdue: bool
    is_due_within_7_days: bool
    is_closed_in_time: bool | None


@dataclass(frozen=True, slots=True)
class Disclosure:
    """One reading of one learner's record by somebody else (FERPA, 34 CFR 99.32)."""

    occurred_at: AwareDatetime
    reader_key: Annotated[int | None, Field(description="Null: not a user of the platform.")]
    reader_role: str
    subject_key: int
    school_key: int
    what: Annotated[str, Field(description="The route that was read.")]
