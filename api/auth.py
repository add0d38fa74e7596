"""Verification of bearer tokens (JWT, RFC 7519): who is calling, or 401."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

import jwt
from cachetools import LRUCache

from api.errors import Unauthenticated
from api.keys import JwksKeys, SecretKey
from api.scope import Caller
from api.settings import PREFIX, ApiSettings
from api.tokens import Role

REMEMBERED_TOKENS = 20_000


class ConfigurationError(RuntimeError):
    """The settings do not allow a start; the message says which one and why."""


class Keys(Protocol):
    """Where verification keys come from."""

    @property
    def algorithms(self) -> Sequence[str]:
        """The only algorithms a token may use."""
        ...

    @property
    def generation(self) -> int:
        """Changes whenever the set of keys does."""
        ...

    @property
    def is_old(self) -> bool:
        """Whether the keys should be read again."""
        ...

    def key_for(self, token: str) -> Any:
        """The key that must have signed the token, or Unauthenticated. May block on the network."""
        ...

    def is_ready_for(self, token: str) -> bool:
        """Whether key_for answers without leaving the process."""
        ...


@dataclass(frozen=True, slots=True)
class _Verified:
    caller: Caller
    expires_at: float
    generation: int


class Verifier:
    """Verifies tokens and remembers the good ones until they expire or the keys change."""

    def __init__(self, settings: ApiSettings, keys: Keys) -> None:
        self._keys = keys
        self._issuer = settings.jwt_issuer
        self._audience = settings.jwt_audience
        self._remembered: LRUCache[str, _Verified] = LRUCache(REMEMBERED_TOKENS)

    async def caller(self, authorization: str | None) -> Caller:
        """The caller that the Authorization header speaks for. Raises Unauthenticated, Unavailable.

        Never says which check failed. Keys that must be fetched first are fetched on a thread.
        """
        token = bearer(authorization)
        if (caller := self._recall(token)) is not None:
            return caller
        if self._keys.is_ready_for(token):
            verified = self._verify(token)
        else:
            verified = await asyncio.to_thread(self._verify, token)
        self._remembered[token] = verified
        return verified.caller

    def _recall(self, token: str) -> Caller | None:
        known = self._remembered.get(token)
        if known is None or known.expires_at <= time.time():
            return None
        # Only a fresh look at the key set shows that the token's key was withdrawn.
        is_current = known.generation == self._keys.generation and not self._keys.is_old
        return known.caller if is_current else None

    def _verify(self, token: str) -> _Verified:
        claims = self._claims(token)
        return _Verified(_caller(claims), float(claims["exp"]), self._keys.generation)

    def _claims(self, token: str) -> Mapping[str, Any]:
        required = ["exp", "sub"]
        required += ["iss"] if self._issuer else []
        required += ["aud"] if self._audience else []
        try:
            return jwt.decode(
                token,
                self._keys.key_for(token),
                algorithms=list(self._keys.algorithms),
                issuer=self._issuer,
                audience=self._audience,
                options={"require": required, "verify_aud": self._audience is not None},
            )
        except (jwt.PyJWTError, ValueError) as refusal:
            raise Unauthenticated from refusal


def make_verifier(settings: ApiSettings) -> Verifier:
    """The verifier that the settings ask for. Raises ConfigurationError without a secret or key set."""
    if settings.jwt_secret is not None and settings.jwks is not None:
        raise ConfigurationError(f"set {PREFIX}JWT_SECRET or {PREFIX}JWKS, not both")
    if settings.jwt_secret is not None:
        return Verifier(settings, SecretKey(settings.jwt_secret.get_secret_value()))
    if settings.jwks is not None:
        return Verifier(settings, JwksKeys(settings.jwks))
    raise ConfigurationError(
        f"no key to verify tokens with: set {PREFIX}JWT_SECRET (HS256) or {PREFIX}JWKS (file or URL)"
    )


def bearer(authorization: str | None) -> str:
    """The token of an Authorization header (RFC 6750). Raises Unauthenticated."""
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthenticated
    return token.strip()


def _caller(claims: Mapping[str, Any]) -> Caller:
    school = claims.get("school_id")
    try:
        return Caller(UUID(claims["sub"]), Role(claims["role"]), None if school is None else UUID(school))
    except (KeyError, ValueError, TypeError, AttributeError) as refusal:
        raise Unauthenticated from refusal
