"""uvicorn's HTTP protocol with an end to patience.

uvicorn waits for ever for the rest of a request, and for a client that stops reading; either keeps a
connection, and the latter a snapshot, for nothing. It also keeps a request's head however long it grows.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

REQUEST_SECONDS = 30.0
READER_SECONDS = 60.0
LARGEST_HEAD = 65_536
_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class Patience(HttpToolsProtocol):
    """Hangs up when a request is not whole after REQUEST_SECONDS, its head is beyond LARGEST_HEAD, or the
    client takes nothing of an answer for READER_SECONDS."""

    _request_timer: asyncio.TimerHandle | None = None
    _reader_timer: asyncio.TimerHandle | None = None
    _head_bytes: int | None = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client is there: its first request is due."""
        super().connection_made(transport)
        self._expect_request()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        self._stop_timers()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Refuse a head that grows beyond its limit; llhttp knows none."""
        if self._head_bytes is not None:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._head_bytes is not None and self._head_bytes > LARGEST_HEAD:
            self.transport.write(_TOO_LARGE)
            self.transport.close()

    def on_message_begin(self) -> None:
        """The first bytes of a request."""
        self._head_bytes = 0
        self._expect_request()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """What follows is body, which the application limits."""
        self._head_bytes = None
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The request is whole."""
        self._cancel(self._request_timer)
        super().on_message_complete()

    def pause_writing(self) -> None:
        """The client does not read as fast as we answer."""
        super().pause_writing()
        self._reader_timer = self.loop.call_later(READER_SECONDS, self._hang_up)

    def resume_writing(self) -> None:
        """It has read on."""
        self._cancel(self._reader_timer)
        super().resume_writing()

    def _expect_request(self) -> None:
        self._cancel(self._request_timer)
        self._request_timer = self.loop.call_later(REQUEST_SECONDS, self._hang_up)

    def _hang_up(self) -> None:
        self.transport.abort()

    def _stop_timers(self) -> None:
        for timer in (self._request_timer, self._reader_timer):
            self._cancel(timer)

    @staticmethod
    def _cancel(timer: Any) -> None:
        if timer is not None:
            timer.cancel()
