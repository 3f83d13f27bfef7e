"""A bare SMS gateway that takes every message and forgets it: `python -m benchmarks.sms_sink PORT`, a process of its own."""

from __future__ import annotations

import asyncio
import re
import sys
from typing import cast

TAKEN = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n{"id":"m-0001"}'
_LENGTH = re.compile(rb"content-length:\s*(\d+)", re.IGNORECASE)


class Conversation(asyncio.Protocol):
    """One connection, kept open."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport, self.left = cast(asyncio.Transport, transport), b""

    def data_received(self, data: bytes) -> None:
        self.left += data
        while True:
            head, found, rest = self.left.partition(b"\r\n\r\n")
            length = _LENGTH.search(head)
            size = int(length.group(1)) if length else 0
            if not found or len(rest) < size:
                return
            self.left = rest[size:]
            self.transport.write(TAKEN)


async def serve(port: int) -> None:
    """Until it is ended."""
    server = await asyncio.get_running_loop().create_server(Conversation, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
