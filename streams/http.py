"""A few pages over HTTP for monitors: `/healthz`, `/readyz`, `/metrics`. GET only, no body, one answer a connection."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

Page = tuple[int, str]
"""Status and text."""
Pages = dict[str, Callable[[], Awaitable[Page]]]
REASONS = {200: "OK", 404: "Not Found", 405: "Method Not Allowed", 500: "Internal Server Error", 503: "Service Unavailable"}
HEAD = (
    "HTTP/1.1 {status} {reason}\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
    "Content-Length: {length}\r\nConnection: close\r\n\r\n"
)
TIMEOUT = 5.0


async def serve(pages: Pages, *, port: int | None = None, host: str = "127.0.0.1", socket: Path | None = None) -> asyncio.Server:
    """Listens on a port or on a unix socket. OSError when that is taken."""

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            status, text = await asyncio.wait_for(_answer(reader, pages), TIMEOUT)
            body = text.encode()
            kind = "text/plain; version=0.0.4; charset=utf-8"
            head = (
                f"HTTP/1.1 {status} {REASONS[status]}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
            )
            writer.write(head.encode() + body)
            await asyncio.wait_for(writer.drain(), TIMEOUT)
        except (TimeoutError, ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            writer.close()

    if socket is not None:
        return await asyncio.start_unix_server(converse, path=str(socket), limit=16_384)
    return await asyncio.start_server(converse, host, port, limit=16_384)


async def _answer(reader: asyncio.StreamReader, pages: Pages) -> Page:
    head = await reader.readuntil(b"\r\n\r\n")
    method, _, rest = head.split(b"\r\n", 1)[0].decode("latin-1").partition(" ")
    page = pages.get(rest.split(" ")[0].partition("?")[0])
    if page is None:
        return 404, "not found\n"
    if method not in ("GET", "HEAD"):
        return 405, "GET only\n"
    try:
        return await page()
    except Exception as error:
        return 500, f"{type(error).__name__}\n"


async def fetch(socket: Path, path: str, timeout: float = 2.0) -> Page:
    """GET `path` from a server on a unix socket. OSError or TimeoutError when there is none."""
    reader, writer = await asyncio.wait_for(asyncio.open_unix_connection(str(socket)), timeout)
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: worker\r\n\r\n".encode())
        head, _, body = (await asyncio.wait_for(reader.read(-1), timeout)).partition(b"\r\n\r\n")
        return int(head.split(b" ", 2)[1] if head else b"500"), body.decode()
    finally:
        writer.close()
