"""Passwords out of messages: of connection URLs, key/value strings, and of what libpq says about them."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, unquote, urlsplit

HIDDEN = "***"
_IN_URL = re.compile(r"(?P<scheme>\w+://[^\s:/@]*):[^\s/]*@")
_AS_OPTION = re.compile(r"(?P<name>(?:ssl)?password\s*=\s*)(?:'(?:[^'\\]|\\.)*'|[^\s&]+)", re.IGNORECASE)


def redact(text: str, url: str = "") -> str:
    """`text` without passwords: any that looks like one, and those of `url` wherever they stand."""
    for secret in sorted(_secrets(url), key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    text = _IN_URL.sub(rf"\g<scheme>:{HIDDEN}@", text)
    return _AS_OPTION.sub(rf"\g<name>{HIDDEN}", text)


def _secrets(url: str) -> set[str]:
    found = {match.group(0).split("=", 1)[1].strip().strip("'") for match in _AS_OPTION.finditer(url)}
    if "://" in url:
        found |= _of_url(url)
    return {secret for raw in found for secret in (raw, unquote(raw)) if secret}


def _of_url(url: str) -> set[str]:
    try:
        parts = urlsplit(url)
    except ValueError:
        return set()
    named = {value for name, value in parse_qsl(parts.query) if "password" in name.lower()}
    return named | ({parts.password} if parts.password else set())
