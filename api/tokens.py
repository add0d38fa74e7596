"""Signing of HS256 tokens for tests, demos and tools. Verification of callers is `api.auth`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

import jwt


class Role(StrEnum):
    """The closed set of roles a token may carry."""

    ADMIN = "admin"
    TEACHER = "teacher"
    STUDENT = "student"
    ANALYST = "analyst"


@dataclass(frozen=True)
class TokenClaims:
    """Who a token speaks for. `school_id` None: the whole platform, or the unassigned school of a person."""

    sub: UUID
    role: Role
    expires_at: datetime
    school_id: UUID | None = None
    issuer: str | None = None
    audience: str | None = None


def sign_token(secret: str, claims: TokenClaims) -> str:
    """A compact HS256 JWT (RFC 7519) with sub, role, exp and, where given, school_id, iss and aud."""
    return jwt.encode(_payload(claims), secret, algorithm="HS256")


def expiry(now: datetime, hours: float) -> datetime:
    """The moment `hours` after `now`."""
    return now + timedelta(hours=hours)


def _payload(claims: TokenClaims) -> dict[str, Any]:
    optional = {
        "school_id": str(claims.school_id) if claims.school_id else None,
        "iss": claims.issuer,
        "aud": claims.audience,
    }
    required = {"sub": str(claims.sub), "role": claims.role.value, "exp": claims.expires_at}
    return required | {name: value for name, value in optional.items() if value is not None}
