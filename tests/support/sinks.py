"""Where the product's messages arrive in tests. Both sinks can be told to misbehave, for everybody or for one recipient."""

import asyncio
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import cached_property
from typing import Any

from aiohttp import web
from aiosmtpd.smtp import SMTP

from embedded.processes import free_port
from tests.support.background import Background


@dataclass
class CaughtMail:
    """A mail as it came over the wire."""

    at: float
    sender: str
    recipients: list[str]
    raw: bytes

    @cached_property
    def message(self) -> EmailMessage:
        return message_from_bytes(self.raw, policy=policy.default)

    def header(self, name: str) -> str:
        return str(self.message.get(name, ""))

    @property
    def notice_id(self) -> str:
        return self.header("X-Vigil-Notice").strip()

    def part(self, kind: str) -> str:
        """The decoded text/<kind> part; empty when absent."""
        return next((str(p.get_content()) for p in self.message.walk() if p.get_content_type() == f"text/{kind}"), "")

    @property
    def words(self) -> str:
        """Subject and text, as a reader sees them."""
        return f"{self.header('Subject')}\n{self.part('plain')}"

    @property
    def link(self) -> str:
        """The answer link in the text part; empty when there is none."""
        found = re.search(r"https?://\S+/n/[\w-]+", self.part("plain"))
        return found.group() if found else ""


class SmtpSink:
    """`mode`: `ok`, `hang`, or a reply such as `451 4.3.0 busy`. `rules`: recipient -> a mode of its own."""

    def __init__(self, background: Background, port: int = 0):
        self.background, self.port = background, port or free_port()
        self.mode = "ok"
        self.pipelining = False
        """Whether it says that it takes several commands at once (it does either way)."""
        self.rules: dict[str, str] = {}
        self.mails: list[CaughtMail] = []
        self.attempts: Counter[str] = Counter()
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Transport] = set()
        self._released = asyncio.Event()

    @property
    def url(self) -> str:
        return f"mailto://127.0.0.1:{self.port}/?from=alerts%40vigil.example&mode=insecure"

    def up(self) -> "SmtpSink":
        """Listens (again)."""
        self.background.run(self._up())
        return self

    def down(self) -> None:
        """Stops listening and cuts every conversation."""
        self.background.run(self._down())

    def recover(self) -> None:
        """Every mode back to `ok`; hanging conversations go on."""
        self.mode = "ok"
        self.rules.clear()
        self.background.loop.call_soon_threadsafe(self._released.set)

    def to(self, address: str) -> list[CaughtMail]:
        return [m for m in list(self.mails) if address in m.recipients]

    def of(self, notice_id: str) -> list[CaughtMail]:
        return [m for m in list(self.mails) if m.notice_id == notice_id]

    async def _up(self) -> None:
        sink = self

        class Conversation(SMTP):
            def connection_made(self, transport: Any) -> None:
                sink._open.add(transport)
                super().connection_made(transport)

            def connection_lost(self, error: Exception | None) -> None:
                sink._open.discard(self.transport)
                super().connection_lost(error)

        if self._server is None:
            loop = asyncio.get_running_loop()
            self._server = await loop.create_server(
                lambda: Conversation(self, enable_SMTPUTF8=True, ident="sink", hostname="localhost", timeout=600), "127.0.0.1", self.port
            )

    async def _down(self) -> None:
        if self._server:
            self._server.close()
            self._server = None
            for transport in list(self._open):
                transport.abort()

    async def _verdict(self, mode: str) -> str | None:
        if mode == "hang":
            self._released.clear()
            await self._released.wait()
            return None
        return None if mode == "ok" else mode

    async def handle_EHLO(self, server: Any, session: Any, envelope: Any, name: str, said: list[str]) -> list[str]:
        session.host_name = name
        return [*said[:-1], "250-PIPELINING", said[-1]] if self.pipelining else said

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        self.attempts[address] += 1
        if refusal := await self._verdict(self.rules.get(address, self.mode)):
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.mails.append(CaughtMail(time.time(), envelope.mail_from, list(envelope.rcpt_tos), bytes(envelope.content)))
        return "250 2.0.0 queued"


@dataclass
class CaughtText:
    """One request to the gateway, taken or not."""

    at: float
    notice_id: str
    to: str
    text: str
    authorization: str
    answered: int
    body: dict[str, Any] = field(repr=False, default_factory=dict)


class SmsSink:
    """`mode`: an HTTP status to answer, or `hang`. `rules`: number -> statuses to answer in turn, the last one from then on."""

    def __init__(self, background: Background, port: int = 0, token: str = "gateway-token"):
        self.background, self.port, self.token = background, port or free_port(), token
        self.mode: int | str = 200
        self.rules: dict[str, list[int | str]] = {}
        self.requests: list[CaughtText] = []
        self._runner: web.AppRunner | None = None
        self._released = asyncio.Event()

    @property
    def url(self) -> str:
        return f"smsgw://{self.token}@127.0.0.1:{self.port}/sms"

    def up(self) -> "SmsSink":
        self.background.run(self._up())
        return self

    def down(self) -> None:
        self.background.run(self._down())

    def recover(self) -> None:
        self.mode = 200
        self.rules.clear()
        self.background.loop.call_soon_threadsafe(self._released.set)

    def to(self, number: str, taken: bool = True) -> list[CaughtText]:
        """Requests for this number: those answered 200, or all of them."""
        return [r for r in list(self.requests) if r.to == number and (r.answered == 200 or not taken)]

    async def _take(self, request: web.Request) -> web.Response:
        at = time.time()
        body = await request.json()
        number = str(body.get("to", ""))
        turns = self.rules.get(number, [self.mode])
        mode = turns.pop(0) if len(turns) > 1 else turns[0]
        if mode == "hang":
            self._released.clear()
            await self._released.wait()
            mode = 200
        authorization = request.headers.get("Authorization", "")
        status = 401 if authorization != f"Bearer {self.token}" else int(mode)
        self.requests.append(CaughtText(at, str(body.get("id")), number, str(body.get("text")), authorization, status, body))
        if status == 200:
            return web.json_response({"id": f"sink-{len(self.requests)}"})
        return web.json_response({"error": "told to"}, status=status, headers={"Retry-After": "1"} if status == 429 else {})

    async def _up(self) -> None:
        if self._runner is None:
            app = web.Application()
            app.router.add_post("/{tail:.*}", self._take)
            self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
            await self._runner.setup()
            await web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True).start()

    async def _down(self) -> None:
        if self._runner:
            await self._runner.cleanup()
            self._runner = None
