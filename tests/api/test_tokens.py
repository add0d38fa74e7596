"""Tokens: everything that must be 401, key sets and their rotation."""

from __future__ import annotations

import hmac
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import jwt
import pytest
import time_machine
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from api import keys
from api.errors import Unavailable
from tests.api.serving import BASE, SECRET, client_of, settings_for
from tests.waiting import wait_until

PATH = f"{BASE}/builds"
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())


def claims(**changes: Any) -> dict[str, Any]:
    """Claims of a good admin; None removes one."""
    good = {"sub": str(uuid4()), "role": "admin", "exp": datetime.now(UTC) + timedelta(hours=1)}
    return {name: value for name, value in (good | changes).items() if value is not None}


def hs256(**changes: Any) -> str:
    """A token of the shared secret."""
    return jwt.encode(claims(**changes), SECRET, algorithm="HS256")


def status(client: httpx.Client, token: str | None, scheme: str = "Bearer") -> int:
    """What the API answers to a token."""
    headers = {} if token is None else {"Authorization": f"{scheme} {token}".strip()}
    answer = client.get(PATH, headers=headers)
    if answer.status_code == 401:
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert answer.json()["error"]["code"] == "unauthenticated"
    return answer.status_code


def test_a_good_token_is_let_in(small: httpx.Client) -> None:
    assert status(small, hs256()) == 200
    assert status(small, hs256(), "bearer") == 200
    assert status(small, hs256(school_id=str(uuid4()))) == 200
    assert status(small, hs256(school_id=None)) == 200


BAD = {
    "expired": lambda: hs256(exp=datetime.now(UTC) - timedelta(seconds=1)),
    "no expiry": lambda: hs256(exp=None),
    "no subject": lambda: hs256(sub=None),
    "a subject that is no UUID": lambda: hs256(sub="admin"),
    "no role": lambda: hs256(role=None),
    "an unknown role": lambda: hs256(role="root"),
    "a role of another type": lambda: hs256(role=["admin"]),
    "a school that is no UUID": lambda: hs256(school_id="lincoln"),
    "a school of another type": lambda: hs256(school_id=7),
    "not valid yet": lambda: hs256(nbf=datetime.now(UTC) + timedelta(hours=1)),
    "the wrong secret": lambda: jwt.encode(claims(), "x" * 40, algorithm="HS256"),
    "another algorithm": lambda: jwt.encode(claims(), SECRET * 2, algorithm="HS512"),
    "no algorithm": lambda: jwt.encode(claims(), None, algorithm="none"),
    "RS256 where HS256 is configured": lambda: jwt.encode(claims(), RSA_KEY, algorithm="RS256"),
    "a changed payload": lambda: _with_role(hs256(role="student"), "admin"),
    "rubbish": lambda: "a.b.c",
    "one part": lambda: "abc",
}


def _with_role(token: str, role: str) -> str:
    head, _, signature = token.split(".")
    payload = jwt.utils.base64url_encode(json.dumps(claims(role=role, exp=9_999_999_999)).encode()).decode()
    return f"{head}.{payload}.{signature}"


@pytest.mark.parametrize("flaw", BAD)
def test_a_bad_token_is_401(small: httpx.Client, flaw: str) -> None:
    assert status(small, BAD[flaw]()) == 401


def test_no_token_or_another_scheme_is_401(small: httpx.Client) -> None:
    assert status(small, None) == 401
    assert status(small, "Bearer", "") == 401
    assert status(small, "dXNlcjpwYXNz", "Basic") == 401
    assert small.get(f"{BASE}/nothing").status_code == 401


def test_a_remembered_token_still_expires(small: httpx.Client) -> None:
    """Verified tokens are remembered: past their exp they must not be."""
    expiry = datetime.now(UTC) + timedelta(hours=1)
    token = hs256(exp=expiry)
    assert status(small, token) == 200
    with time_machine.travel(expiry + timedelta(seconds=1)):
        assert status(small, token) == 401


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"iss": "https://login.example", "aud": "schoolhouse"}, 200),
        ({"iss": "https://login.example", "aud": ["other", "schoolhouse"]}, 200),
        ({"iss": "https://evil.example", "aud": "schoolhouse"}, 401),
        ({"iss": "https://login.example", "aud": "other"}, 401),
        ({"iss": "https://login.example"}, 401),
        ({"aud": "schoolhouse"}, 401),
    ],
)
def test_issuer_and_audience_when_configured(
    configured: httpx.Client, changes: dict[str, Any], expected: int
) -> None:
    assert status(configured, hs256(**changes)) == expected


def test_an_audience_is_ignored_when_none_is_configured(small: httpx.Client) -> None:
    assert status(small, hs256(aud="anybody", iss="anybody")) == 200


@pytest.fixture(scope="module")
def configured(small_data: Path) -> Iterator[httpx.Client]:
    settings = settings_for(small_data, jwt_issuer="https://login.example", jwt_audience="schoolhouse")
    with client_of(settings) as client:
        yield client


def jwks(**public_keys: Any) -> str:
    """A key set as JSON."""
    entries = []
    for key_id, key in public_keys.items():
        algorithm = RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else ECAlgorithm
        entries.append(algorithm.to_jwk(key.public_key(), as_dict=True) | {"kid": key_id, "use": "sig"})
    return json.dumps({"keys": entries})


def signed(key: Any, algorithm: str, key_id: str | None, **changes: Any) -> str:
    """A token of a key pair."""
    headers = {} if key_id is None else {"kid": key_id}
    return jwt.encode(claims(**changes), key, algorithm=algorithm, headers=headers)


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Key sets are read again at once where production waits ten seconds."""
    monkeypatch.setattr(keys, "RETRY_SECONDS", 0.0)


def test_rs256_and_es256_by_a_key_file(small_data: Path, tmp_path: Path) -> None:
    file = tmp_path / "jwks.json"
    file.write_text(jwks(one=RSA_KEY, two=EC_KEY))
    with client_of(settings_for(small_data, jwks=str(file))) as client:
        assert status(client, signed(RSA_KEY, "RS256", "one")) == 200
        assert status(client, signed(EC_KEY, "ES256", "two")) == 200
        assert status(client, signed(RSA_KEY, "RS256", "two")) == 401
        assert status(client, signed(EC_KEY, "ES256", "one")) == 401
        assert status(client, signed(OTHER_RSA_KEY, "RS256", "one")) == 401
        assert status(client, signed(RSA_KEY, "RS256", "three")) == 401
        assert status(client, signed(RSA_KEY, "RS256", None)) == 401
        assert status(client, signed(RSA_KEY, "PS256", "one")) == 401
        assert status(client, signed(RSA_KEY, "RS256", "one", exp=1)) == 401
        assert status(client, hs256()) == 401
        assert status(client, "rubbish") == 401


def test_the_public_key_is_no_secret(small_data: Path, tmp_path: Path) -> None:
    """Algorithm confusion: HS256 signed with the public key as the secret."""
    file = tmp_path / "jwks.json"
    file.write_text(jwks(one=RSA_KEY))
    public = RSA_KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    forged = _hmac(public, {"alg": "HS256", "kid": "one"}, claims(exp=9_999_999_999))
    with client_of(settings_for(small_data, jwks=str(file))) as client:
        assert status(client, forged) == 401


def _hmac(secret: bytes, head: dict[str, Any], payload: dict[str, Any]) -> str:
    signed_part = b".".join(jwt.utils.base64url_encode(json.dumps(part).encode()) for part in (head, payload))
    signature = hmac.digest(secret, signed_part, "sha256")
    return b".".join((signed_part, jwt.utils.base64url_encode(signature))).decode()


def test_a_single_key_needs_no_name(small_data: Path, tmp_path: Path) -> None:
    file = tmp_path / "jwks.json"
    file.write_text(jwks(one=RSA_KEY))
    with client_of(settings_for(small_data, jwks=str(file))) as client:
        assert status(client, signed(RSA_KEY, "RS256", None)) == 200


def test_rotation_by_file(small_data: Path, tmp_path: Path, hasty: None) -> None:
    """A withdrawn key stayed good as long as its tokens were remembered."""
    file = tmp_path / "jwks.json"
    file.write_text(jwks(old=RSA_KEY))
    old, new = signed(RSA_KEY, "RS256", "old"), signed(OTHER_RSA_KEY, "RS256", "new")
    with client_of(settings_for(small_data, jwks=str(file))) as client:
        assert (status(client, old), status(client, new)) == (200, 401)
        file.write_text(jwks(new=OTHER_RSA_KEY))
        assert (status(client, new), status(client, old)) == (200, 401)


def test_a_withdrawn_key_is_noticed_without_any_new_token(
    small_data: Path, tmp_path: Path, hasty: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "jwks.json"
    file.write_text(jwks(old=RSA_KEY))
    token = signed(RSA_KEY, "RS256", "old")
    monkeypatch.setattr(keys, "KEEP_SECONDS", 0.2)
    with client_of(settings_for(small_data, jwks=str(file))) as client:
        assert status(client, token) == 200
        file.write_text(jwks(new=OTHER_RSA_KEY))
        wait_until(lambda: status(client, token) == 401, "the old key is refused")


def test_keys_by_url_survive_an_outage_of_the_issuer(small_data: Path, hasty: None) -> None:
    with _issuer() as issuer:
        issuer.document = b"no keys"
        with client_of(settings_for(small_data, jwks=issuer.url)) as client:
            token = signed(RSA_KEY, "RS256", "one")
            assert status(client, token) == 503
            issuer.document = jwks(one=RSA_KEY).encode()
            assert status(client, token) == 200
            issuer.document = None
            assert status(client, signed(RSA_KEY, "RS256", "one")) == 200
            assert status(client, signed(RSA_KEY, "RS256", "unknown")) == 401


def test_unknown_key_names_do_not_hammer_the_issuer(
    small_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys, "RETRY_SECONDS", 3600.0)
    with _issuer() as issuer:
        issuer.document = jwks(one=RSA_KEY).encode()
        with client_of(settings_for(small_data, jwks=issuer.url)) as client:
            for number in range(20):
                assert status(client, signed(RSA_KEY, "RS256", f"forged{number}")) == 401
        assert issuer.requests == 1


@pytest.mark.parametrize(
    "document",
    [
        "",
        "[]",
        "{}",
        '{"keys": 7}',
        '{"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "one"}]}',
        '{"keys": [{"kty": "RSA"}]}',
    ],
)
def test_an_unusable_key_set_lets_nobody_in(small_data: Path, tmp_path: Path, document: str) -> None:
    file = tmp_path / "jwks.json"
    file.write_text(document)
    with client_of(settings_for(small_data, jwks=str(file))) as client:
        assert status(client, signed(RSA_KEY, "RS256", "one")) == 503


def test_a_missing_key_file_is_no_open_door(tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        keys.JwksKeys(str(tmp_path / "nothing.json")).key_for(signed(RSA_KEY, "RS256", "one"))


class _Issuer:
    document: bytes | None = None
    requests = 0
    url = ""


class _issuer:  # noqa: N801 - a context manager that reads as a word
    """A web server that publishes a key set."""

    def __enter__(self) -> _Issuer:
        state = _Issuer()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                state.requests += 1
                self.send_response(200 if state.document is not None else 500)
                self.end_headers()
                self.wfile.write(state.document or b"")

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Quiet."""

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        state.url = f"http://127.0.0.1:{self._server.server_address[1]}/jwks.json"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return state

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
