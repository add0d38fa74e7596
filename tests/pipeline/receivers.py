"""Real servers that notices are sent to: a webhook, a server that never finishes, and mail servers."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HOST = "127.0.0.1"


@dataclass
class Webhook:
    """Answers with the given statuses in turn, the last one for ever, and keeps what it was told."""

    url: str
    statuses: list[int]
    heard: list[dict[str, Any]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)


@dataclass
class Postbox:
    """What a mail server took, and who signed in."""

    port: int
    mails: list[Message] = field(default_factory=list)
    receivers: list[list[str]] = field(default_factory=list)
    logins: list[bytes] = field(default_factory=list)


@contextmanager
def webhook(*statuses: int) -> Iterator[Webhook]:
    """A real HTTP server; 302 leads to /elsewhere on itself."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            box.heard.append(json.loads(body))
            box.paths.append(self.path)
            status = box.statuses[min(len(box.heard), len(box.statuses)) - 1]
            self.send_response(status)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_POST  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Nothing on the screen of the tests."""

    with ThreadingHTTPServer((HOST, 0), Handler) as server:
        box = Webhook(f"http://{HOST}:{server.server_port}/hook/s3cr3t-path", list(statuses or (200,)))
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield box
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def dripping() -> Iterator[str]:
    """The URL of a server whose answer never ends: a byte now and then keeps every timeout from coming."""
    is_over = threading.Event()

    def serve() -> None:
        while not is_over.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=drip, args=(connection,)).start()

    def drip(connection: socket.socket) -> None:
        with connection:
            try:
                connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
                while not is_over.wait(0.1):
                    connection.sendall(b".")
            except OSError:
                return

    with socket.create_server((HOST, 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://{HOST}:{listener.getsockname()[1]}/"
        finally:
            is_over.set()
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


@contextmanager
def postbox(
    certificate: Path, *, security: str = "starttls", password: str | None = None, refused: str = ""
) -> Iterator[Postbox]:
    """A real mail server with that security; with a password for who knows it alone; refuses one receiver."""

    class Handler:
        async def handle_RCPT(  # noqa: N802
            self, server: Any, session: Any, envelope: Envelope, address: str, options: list[str]
        ) -> str:
            if address == refused:
                return "550 unknown here"
            envelope.rcpt_tos.append(address)
            return "250 OK"

        async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:  # noqa: N802
            assert isinstance(envelope.content, bytes)
            box.mails.append(message_from_bytes(envelope.content))
            box.receivers.append(list(envelope.rcpt_tos))
            return "250 OK"

    def sign_in(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        box.logins.append(data.login)
        return AuthResult(success=data.password == (password or "").encode(), handled=False)

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    with socket.create_server((HOST, 0)) as free:
        port = free.getsockname()[1]
    box = Postbox(port)
    controller = Controller(
        Handler(),
        hostname=HOST,
        port=port,
        ssl_context=context if security == "tls" else None,
        tls_context=context if security == "starttls" else None,
        require_starttls=security == "starttls",
        authenticator=sign_in if password else None,
        auth_required=password is not None and security == "starttls",
        auth_require_tls=security == "starttls",
    )
    controller.start()
    try:
        yield box
    finally:
        controller.stop()


def make_certificate(path: Path) -> Path:
    """A key and a certificate of 127.0.0.1 that signs itself, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address(HOST))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return path
