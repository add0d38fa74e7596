"""Keys that verify tokens: one HS256 secret, or a JSON Web Key Set (RFC 7517) from a file or a URL.

A key set is read again when it is older than KEEP_SECONDS or when a token names a key it does not hold
(rotation), the latter at most every RETRY_SECONDS, so that forged key ids cannot make us hammer the
issuer. When reading fails, the last good set goes on.
"""

from __future__ import annotations

import json
import threading
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jwt
import structlog

from api.errors import Unauthenticated, Unavailable

KEEP_SECONDS = 300.0
RETRY_SECONDS = 10.0
TIMEOUT_SECONDS = 5.0
LARGEST_BYTES = 1_000_000
# A key set names its algorithm by the kind of key; a token must use exactly that one.
ALGORITHM_OF_KIND = {"RSA": "RS256", "EC": "ES256"}

log = structlog.get_logger()


class SecretKey:
    """The one shared secret of HS256."""

    algorithms = ("HS256",)
    generation = 0
    is_old = False

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def key_for(self, _: str) -> str:
        """The secret, whatever the token says."""
        return self._secret

    def is_ready_for(self, _: str) -> bool:
        """Always: nothing has to be fetched."""
        return True


class JwksKeys:
    """The keys of a JWKS file or URL by their `kid`."""

    algorithms = ("RS256", "ES256")

    def __init__(self, location: str) -> None:
        self._location = location
        self._lock = threading.Lock()
        self._document = b""
        self._keys: Mapping[str, jwt.PyJWK] = {}
        self._read_at = float("-inf")
        self._tried_at = float("-inf")
        self.generation = 0

    @property
    def is_old(self) -> bool:
        """Whether the set should be read again, whatever the token."""
        now = time.monotonic()
        return now - self._read_at > KEEP_SECONDS and now - self._tried_at > RETRY_SECONDS

    def is_ready_for(self, token: str) -> bool:
        """Whether the key is at hand and fresh, so that key_for does not read the set again."""
        return not self._is_due(_key_id(token))

    def key_for(self, token: str) -> jwt.PyJWK:
        """The key that the token names. Raises Unauthenticated, or Unavailable before the first good set."""
        key_id = _key_id(token)
        if self._is_due(key_id):
            with self._lock:
                if self._is_due(key_id):
                    self._read()
        if not self._keys:
            raise Unavailable("The keys that verify tokens cannot be read.")
        key = self._keys.get(key_id) if key_id else self._only_key()
        if key is None or jwt.get_unverified_header(token).get("alg") != key.algorithm_name:
            raise Unauthenticated
        return key

    def _is_due(self, key_id: str | None) -> bool:
        now = time.monotonic()
        is_wanted = now - self._read_at > KEEP_SECONDS or (key_id or "") not in self._keys
        return is_wanted and now - self._tried_at > RETRY_SECONDS

    def _only_key(self) -> jwt.PyJWK | None:
        return next(iter(self._keys.values())) if len(self._keys) == 1 else None

    def _read(self) -> None:
        self._tried_at = time.monotonic()
        try:
            document = _fetch(self._location)
            keys = _parse(document)
        except (OSError, ValueError, KeyError, TypeError, jwt.PyJWTError) as failure:
            log.warning("jwks_unreadable", error=type(failure).__name__)
            return
        self._read_at = time.monotonic()
        if document != self._document:
            self._document, self._keys = document, keys
            self.generation += 1


def _fetch(location: str) -> bytes:
    if not location.startswith(("https://", "http://")):
        return Path(location).read_bytes()
    # The scheme was checked above, so neither file: nor a custom scheme can be opened.
    with urllib.request.urlopen(location, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310
        return bytes(answer.read(LARGEST_BYTES))


def _parse(document: bytes) -> dict[str, jwt.PyJWK]:
    entries = json.loads(document)["keys"]
    usable = [entry for entry in entries if entry.get("kty") in ALGORITHM_OF_KIND and _may_sign(entry)]
    keys = [jwt.PyJWK(entry, algorithm=ALGORITHM_OF_KIND[entry["kty"]]) for entry in usable]
    return {key.key_id or "": key for key in keys}


def _may_sign(entry: Mapping[str, Any]) -> bool:
    wanted = ALGORITHM_OF_KIND[entry["kty"]]
    return bool(entry.get("use", "sig") == "sig" and entry.get("alg", wanted) == wanted)


def _key_id(token: str) -> str | None:
    try:
        key_id = jwt.get_unverified_header(token).get("kid")
    except jwt.InvalidTokenError as refusal:
        raise Unauthenticated from refusal
    return str(key_id) if key_id is not None else None
