"""A bare SMTP server that takes every mail and forgets it: `python -m benchmarks.smtp_sink PORT [FILE]`, a process of its own.

It costs about a tenth of aiosmtpd a mail, so that the figures are the sender's. As Postfix and Exim do, it takes several commands at once
(PIPELINING). With FILE it notes the `X-Vigil-Notice` of each mail that it took, a line each, before it says so.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import BinaryIO, cast

HELLO = b"250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 SIZE 40000000\r\n"
ANSWERS = {b"EHLO": HELLO, b"DATA": b"354 go on\r\n", b"QUIT": b"221 bye\r\n"}
END = b"\r\n.\r\n"
NOTICE = b"\r\nX-Vigil-Notice: "


class Conversation(asyncio.Protocol):
    """One connection."""

    notes: BinaryIO | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.left, self.text = b"", False
        self.transport.write(b"220 sink\r\n")

    def data_received(self, data: bytes) -> None:
        self.left += data
        said = b""
        while True:
            if self.text:
                end = self.left.find(END)
                if end < 0:
                    break
                if self.notes:
                    self.notes.write(self.left[:end].partition(NOTICE)[2].partition(b"\r\n")[0] + b"\n")
                self.left, self.text = self.left[end + len(END) :], False
                said += b"250 2.0.0 queued\r\n"
                continue
            line, found, rest = self.left.partition(b"\r\n")
            if not found:
                break
            word = line[:4].upper()
            self.left, self.text = rest, word == b"DATA"
            said += ANSWERS.get(word, b"250 2.0.0 ok\r\n")
        if said:
            self.transport.write(said)


async def serve(port: int, notes: str | None = None) -> None:
    """Until it is ended."""
    if notes:
        Conversation.notes = Path(notes).open("ab", buffering=0)  # noqa: SIM115, ASYNC230 (held until the process ends)
    loop = asyncio.get_running_loop()
    # Between two answers, never after it took a mail and before it said so.
    loop.add_signal_handler(signal.SIGTERM, os._exit, 0)
    server = await loop.create_server(Conversation, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), *sys.argv[2:3]))
