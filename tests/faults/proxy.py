"""A TCP proxy before the real PostgreSQL that is slow, cuts the line, or falls silent."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

BUFFER = 16_384


@dataclass
class Line:
    """How the line behaves: seconds of delay per buffer, bytes until it is cut; `silent` forwards nothing."""

    delay: float = 0.0
    cut_after: int | None = None
    silent: bool = False
    carried: int = 0


@contextmanager
def through(source_url: str, line: Line) -> Iterator[str]:
    """The URL of the same database by way of the proxy; the proxy runs inside the block."""
    parts = urlsplit(source_url)
    place = parse_qs(parts.query)
    socket_path = f"{place['host'][0]}/.s.PGSQL.{place['port'][0]}"
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(
        asyncio.start_server(lambda r, w: _carry(r, w, socket_path, line), "127.0.0.1", 0)
    )
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        port = server.sockets[0].getsockname()[1]
        yield f"postgresql://{parts.username or 'postgres'}@127.0.0.1:{port}{parts.path}"
    finally:
        asyncio.run_coroutine_threadsafe(_stop(server), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _carry(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, socket_path: str, line: Line
) -> None:
    if line.silent:
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(3600)
        writer.close()
        return
    far_reader, far_writer = await asyncio.open_unix_connection(socket_path)
    tasks = [
        asyncio.create_task(_pump(reader, far_writer, line, counts=False)),
        asyncio.create_task(_pump(far_reader, writer, line, counts=True)),
    ]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for end in (writer, far_writer):
        end.transport.abort()


async def _pump(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, line: Line, *, counts: bool
) -> None:
    while data := await reader.read(BUFFER):
        if counts:
            line.carried += len(data)
            if line.cut_after is not None and line.carried > line.cut_after:
                return
            await asyncio.sleep(line.delay)
        writer.write(data)
        await writer.drain()


async def _stop(server: asyncio.Server) -> None:
    server.close()
    current = asyncio.current_task()
    tasks = [task for task in asyncio.all_tasks() if task is not current]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
