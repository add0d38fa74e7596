"""Tokens forged in every way that published attack lists know: each is 401, none is a failure of ours.

The lists: RFC 8725 (best practices), the CVEs of JWT libraries since 2015 (none, confusion of algorithms,
embedded keys, null and "psychic" signatures, critical headers), and the usual tool kits (kid and jku
injection).
"""

from __future__ import annotations

import base64
import hmac
import json
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import RSAAlgorithm

from tests.api.serving import SECRET, client_of, settings_for
from tests.api.test_tokens import EC_KEY, PATH, RSA_KEY, claims, jwks, status

Head = dict[str, Any]
MINE = rsa.generate_private_key(public_exponent=65537, key_size=2048)
MINE_EC = ec.generate_private_key(ec.SECP256R1())
GOOD = {"exp": 9_999_999_999}


def part(content: object) -> str:
    """One part of a token."""
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def in_force(value: object) -> object:
    """A span counts from now: the moment itself in a test's name would differ between processes."""
    return int(time.time() + value.total_seconds()) if isinstance(value, timedelta) else value


def unsigned(head: Head, signature: str = "", payload: object = None) -> str:
    """A token with whatever signature."""
    return f"{part(head)}.{part(claims(**GOOD) if payload is None else payload)}.{signature}"


def with_head(head: object, end: str = ".x") -> str:
    """A token whose header is whatever it is."""
    return f"{part(head)}.{part(claims(**GOOD))}{end}"


def by_hmac(secret: bytes, head: Head, payload: object = None, digest: str = "sha256") -> str:
    """A token signed with a secret of the forger's choice."""
    body = f"{part(head)}.{part(claims(**GOOD) if payload is None else payload)}"
    return f"{body}.{part(hmac.digest(secret, body.encode(), digest))}"


def by_own_key(**head: Any) -> str:
    """A token that is well signed with the forger's own key pair."""
    return jwt.encode(claims(**GOOD), MINE, algorithm="RS256", headers=head)


def public(kind: Encoding, layout: PublicFormat = PublicFormat.SubjectPublicKeyInfo) -> bytes:
    """The issuer's public key, which everybody has."""
    return RSA_KEY.public_key().public_bytes(kind, layout)


def own_jwk() -> dict[str, Any]:
    """The forger's public key."""
    return RSAAlgorithm.to_jwk(MINE.public_key(), as_dict=True) | {"kid": "one"}


FORGED: dict[str, Callable[[], str]] = {
    # no signature at all
    **{
        f"alg {name!r}": lambda name=name: unsigned({"alg": name, "typ": "JWT"})  # type: ignore[misc]
        for name in ("none", "None", "NONE", "nOnE", "none ", " none", "", None, [], ["none"], {}, 0, True)
    },
    "no alg": lambda: unsigned({"typ": "JWT"}),
    "none with the signature of another": lambda: unsigned({"alg": "none"}, part(b"x" * 32)),
    "no signature, HS256": lambda: unsigned({"alg": "HS256"}),
    "no signature, RS256": lambda: unsigned({"alg": "RS256", "kid": "one"}),
    "signature of one byte": lambda: unsigned({"alg": "RS256", "kid": "one"}, part(b"\0")),
    "signature of zeros, RS256": lambda: unsigned({"alg": "RS256", "kid": "one"}, part(b"\0" * 256)),
    "psychic signature, ES256 with r = s = 0": lambda: unsigned(
        {"alg": "ES256", "kid": "two"}, part(b"\0" * 64)
    ),
    "psychic signature in DER": lambda: unsigned(
        {"alg": "ES256", "kid": "two"}, part(b"\x30\x06\x02\x01\x00\x02\x01\x00")
    ),
    "two parts": lambda: unsigned({"alg": "none"}).rsplit(".", 1)[0],
    "four parts": lambda: unsigned({"alg": "HS256"}) + ".x",
    "five parts, as encrypted": lambda: part({"alg": "dir", "enc": "A128GCM"}) + "..x.y.z",
    # the public key as the secret, in every form that it is handed round in
    **{
        f"HS256 by the public key, {name}": lambda form=form: by_hmac(form(), {"alg": "HS256", "kid": "one"})  # type: ignore[misc]
        for name, form in {
            "DER": lambda: public(Encoding.DER),
            "PEM": lambda: public(Encoding.PEM),
            "PEM without its last line end": lambda: public(Encoding.PEM).strip(),
            "PKCS1": lambda: public(Encoding.PEM, PublicFormat.PKCS1),
            "JWK": lambda: jwks(one=RSA_KEY).encode(),
            "modulus": lambda: RSA_KEY.public_key().public_numbers().n.to_bytes(256, "big"),
        }.items()
    },
    "HS384 by the public key": lambda: by_hmac(
        public(Encoding.PEM), {"alg": "HS384", "kid": "one"}, digest="sha384"
    ),
    # secrets that are easily guessed
    **{
        f"HS256 by the secret {secret!r}": lambda secret=secret: by_hmac(secret, {"alg": "HS256"})  # type: ignore[misc]
        for secret in (b"", b"\0", b"secret", b"None", b"null", b"schoolhouse", SECRET[:-1].encode())
    },
    # headers that name the key
    **{
        f"kid {kid!r}": lambda kid=kid: by_hmac(b"", {"alg": "HS256", "kid": kid})  # type: ignore[misc]
        for kid in (
            "/dev/null",
            "../../../../dev/null",
            "file:///dev/null",
            "' UNION SELECT '' --",
            "one' OR '1'='1",
            "| touch /tmp/forged",
            "$(id)",
            "one\0",
            "http://127.0.0.1:1/key",
            "x" * 4000,
            7,
            ["one"],
            {"kid": "one"},
        )
    },
    "own key under the issuer's name": lambda: by_own_key(kid="one"),
    "own key in jwk": lambda: by_own_key(kid="one", jwk=own_jwk()),
    "own key in jwk alone": lambda: by_own_key(jwk=own_jwk()),
    "jku": lambda: by_own_key(kid="mine", jku="http://127.0.0.1:1/jwks.json"),
    "x5u": lambda: by_own_key(kid="mine", x5u="http://127.0.0.1:1/cert.pem"),
    "x5c": lambda: by_own_key(kid="one", x5c=[base64.b64encode(public(Encoding.DER)).decode()]),
    "x5t": lambda: by_own_key(kid="one", x5t=part(b"x" * 20)),
    # the right key, another algorithm
    "PS256": lambda: jwt.encode(claims(**GOOD), RSA_KEY, algorithm="PS256", headers={"kid": "one"}),
    "RS512": lambda: jwt.encode(claims(**GOOD), RSA_KEY, algorithm="RS512", headers={"kid": "one"}),
    "ES256 by the RSA key's name": lambda: jwt.encode(
        claims(**GOOD), MINE_EC, algorithm="ES256", headers={"kid": "one"}
    ),
    "HS512 by the secret": lambda: by_hmac(SECRET.encode(), {"alg": "HS512"}, digest="sha512"),
    # what is no JSON object, or none that ends
    "header of a list": lambda: with_head([]),
    "header of a number": lambda: with_head(7),
    "header that is no JSON": lambda: with_head(b"{"),
    "header that is no UTF-8": lambda: with_head(b"\xff\xfe"),
    "header nested beyond any depth": lambda: with_head(b"[" * 20_000),
    "header nested in objects": lambda: with_head(b'{"a":' * 8_000),
    "payload that is no Base64": lambda: f"{part({'alg': 'HS256'})}.%%%.x",
    "duplicate alg": lambda: with_head(b'{"alg":"HS256","alg":"none"}', "."),
    "30 kB of payload": lambda: unsigned(
        {"alg": "HS256"}, part(b"x" * 32), claims(**GOOD, note="x" * 22_000)
    ),
    "a number beyond any size": lambda: with_head(b'{"alg":' + b"9" * 5_000 + b"}"),
    "dots": lambda: "..",
    "letters of other scripts": lambda: "ａ.ｂ.ｃ",
}

SIGNED: dict[str, Callable[[], str]] = {
    # by the right secret: an issuer's mistake must not become a failure of ours
    **{
        f"{name} {value!r}": lambda name=name, value=value: by_hmac(  # type: ignore[misc]
            SECRET.encode(), {"alg": "HS256"}, claims(**(GOOD | {name: in_force(value)}))
        )
        for name, value in (
            ("exp", timedelta(seconds=-1)),
            ("exp", 0),
            ("exp", -1),
            ("exp", "tomorrow"),
            ("exp", ""),
            ("exp", []),
            ("exp", {}),
            ("exp", float("inf")),
            ("exp", float("nan")),
            ("nbf", timedelta(hours=1)),
            ("nbf", "now"),
            ("nbf", [1]),
            ("iat", timedelta(hours=1)),
            ("iat", "now"),
            ("sub", 7),
            ("sub", ["a"]),
            ("sub", ""),
            ("role", "ADMIN"),
            ("role", "admin "),
            ("role", {"$ne": ""}),
            ("school_id", []),
            ("school_id", "' OR 1=1"),
        )
    },
    "expired, said twice": lambda: by_hmac(
        SECRET.encode(), {"alg": "HS256"}, json.dumps(claims(**GOOD)).encode()[:-1] + b', "exp": 1}'
    ),
    "payload of a list": lambda: by_hmac(SECRET.encode(), {"alg": "HS256"}, [claims(**GOOD)]),
    "payload nested beyond any depth": lambda: by_hmac(SECRET.encode(), {"alg": "HS256"}, b"[" * 20_000),
    "payload with a number beyond any size": lambda: by_hmac(
        SECRET.encode(), {"alg": "HS256"}, b'{"exp":' + b"9" * 5_000 + b"}"
    ),
    "critical header that nobody knows": lambda: by_hmac(
        SECRET.encode(), {"alg": "HS256", "crit": ["x"], "x": 1}
    ),
    "empty list of critical headers": lambda: by_hmac(SECRET.encode(), {"alg": "HS256", "crit": []}),
    "payload beside the token (b64 false)": lambda: by_hmac(
        SECRET.encode(), {"alg": "HS256", "b64": False, "crit": ["b64"]}
    ),
    "deflated": lambda: by_hmac(SECRET.encode(), {"alg": "HS256", "zip": "DEF"}, b"\x03\x00"),
}


@pytest.fixture(scope="module")
def by_keys(small_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A server that verifies by a key set with an RSA and an EC key."""
    file = tmp_path_factory.mktemp("keys") / "jwks.json"
    file.write_text(jwks(one=RSA_KEY, two=EC_KEY))
    with client_of(settings_for(small_data, jwks=str(file))) as client:
        yield client


@pytest.mark.parametrize("flaw", FORGED)
def test_a_forged_token_is_401(small: httpx.Client, by_keys: httpx.Client, flaw: str) -> None:
    """Anybody becomes an administrator; or an unsigned text makes the server fail."""
    token = FORGED[flaw]()
    for client in (small, by_keys):
        assert sent(client, token) in (401, 431 if len(token) > 60_000 else 401)


@pytest.mark.parametrize("flaw", SIGNED)
def test_a_signed_token_with_a_flaw_is_401(small: httpx.Client, flaw: str) -> None:
    """A claim of the wrong kind that is read as something, or that makes the server fail."""
    assert sent(small, SIGNED[flaw]()) == 401


def sent(client: httpx.Client, token: str) -> int:
    """The answer to the token, letters beyond ASCII as their bytes."""
    if token.isascii():
        return status(client, token)
    header = f"Bearer {token}".encode()
    return client.get(PATH, headers=[(b"Authorization", header)]).status_code


def test_a_huge_token_is_refused_and_the_server_goes_on(small: httpx.Client) -> None:
    """Megabytes of header that are kept, decoded and remembered."""
    token = by_hmac(b"x", {"alg": "HS256"}, claims(**GOOD, note="x" * 3_000_000))
    with suppress(httpx.TransportError):  # hung up on: as good an answer
        assert status(small, token) in (400, 401, 431)
    assert status(small, by_hmac(SECRET.encode(), {"alg": "HS256"})) == 200
