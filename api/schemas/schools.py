"""Requests and answers of /schools."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from api.places import known_country, known_zone


class NewSchool(BaseModel):
    """Body of POST /schools/."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    code: str = Field(
        min_length=1,
        max_length=64,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$",
        description="Short stable name.",
        examples=["lincoln-high"],
    )
    name: str = Field(
        min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$", examples=["Lincoln High School"]
    )
    country: Annotated[str, AfterValidator(known_country)] = Field(
        description="ISO 3166-1 alpha-2 code.", examples=["US"]
    )
    timezone: Annotated[str, AfterValidator(known_zone)] = Field(
        description="IANA time zone.", examples=["America/Chicago"]
    )


@dataclass(frozen=True, slots=True)
class School:
    """One row of the registry of schools."""

    id: str
    code: str
    name: str
    country: str | None
    timezone: str
    is_active: bool
    created_at: AwareDatetime


@dataclass(frozen=True, slots=True)
class SchoolStats:
    """Figures of the last build."""

    students: int
    teachers: int
    classes_active: int
    active_users_7d: int
    average_completion: float | None
    xp_30d: int


@dataclass(frozen=True, slots=True)
class SchoolDetail(School):
    """One school; stats are null before the first build that holds it."""

    stats: SchoolStats | None
