"""A stand-in for an SMS gateway: takes texts over HTTP the way the generic `smsgw://` channel sends them, and keeps them.

    POST /sms  {"id": "<notice_id>", "to": "+886...", "text": "..."}  with  Authorization: Bearer <token>  ->  200 {"id": "gw-1"}

Only what this one request needs of HTTP/1.1 is spoken, so that the stack carries no second web server.
"""

import asyncio
import hmac
import json
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from embedded.spool import Spool

KEEP = 1000
LONGEST_HEAD = 16_384
LONGEST_BODY = 65_536
IDLE = 60.0  # seconds a connection may say nothing


@dataclass(frozen=True)
class Text:
    """One text that was taken. `notice_id` is what the sender called `id`."""

    id: str
    notice_id: str
    to: str
    text: str


class Texts:
    """Reads what the gateway of `folder` kept, in this process or another one."""

    def __init__(self, folder: Path, keep: int = KEEP):
        self.spool = Spool(folder, ".json", keep)

    def list(self, limit: int = 100, to: str | None = None) -> list[Text]:
        """The newest first, at most `limit`; with `to`, those to this number alone."""
        found: list[Text] = []
        for name in self.spool.ids():
            if len(found) >= limit:
                break
            raw = self.spool.get(name)
            if raw and (to is None or json.loads(raw)["to"] == to):
                found.append(Text(**{**json.loads(raw), "id": name}))
        return found


class Refused(Exception):
    """What a request gets instead of 200: a status and a sentence."""

    def __init__(self, status: int, why: str):
        super().__init__(why)
        self.status = status


class SmsGateway:
    """`await start()`, `await stop()`; `url` is what VIGIL_SMS__URLS takes. `heard` is told each text as it comes."""

    def __init__(self, folder: Path, port: int = 0, token: str = "", keep: int = KEEP, heard: Callable[[Text], None] | None = None):
        self.texts = Texts(folder, keep)
        self.port, self.token, self.heard = port, token or secrets.token_urlsafe(18), heard
        self.count = 0
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        return f"smsgw://{self.token}@127.0.0.1:{self.port}/sms"

    async def start(self) -> None:
        self.texts.spool.open()
        self._server = await asyncio.start_server(self._converse, "127.0.0.1", self.port, limit=LONGEST_HEAD)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server:
            self._server.close()
            self._server = None

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                method, path, headers, body = await asyncio.wait_for(_read(reader), IDLE)
                try:
                    status, answer = 200, {"id": self._take(method, path, headers, body)}
                except Refused as refused:
                    status, answer = refused.status, {"error": str(refused)}
                keep = headers.get("connection", "").lower() != "close"
                writer.write(_response(status, answer, keep))
                await writer.drain()
                if not keep:
                    return
        except Refused as refused:  # the request itself could not be read
            writer.write(_response(refused.status, {"error": str(refused)}, False))
        except (asyncio.IncompleteReadError, ConnectionError, TimeoutError):
            pass
        finally:
            writer.close()

    def _take(self, method: str, path: str, headers: dict[str, str], body: bytes) -> str:
        if not hmac.compare_digest(headers.get("authorization", "").encode(), f"Bearer {self.token}".encode()):
            raise Refused(401, "the bearer token is missing or wrong")
        if path.partition("?")[0] != "/sms":
            raise Refused(404, "texts go to /sms")
        if method != "POST":
            raise Refused(405, "texts are posted")
        text = _text(body)
        name = self.texts.spool.add(json.dumps(asdict(text), ensure_ascii=False).encode())
        self.count += 1
        if self.heard:
            self.heard(text)
        return f"gw-{name}"


def _text(body: bytes) -> Text:
    try:
        told: Any = json.loads(body)
    except ValueError:
        raise Refused(400, "the body is not JSON") from None
    if not isinstance(told, dict) or not all(isinstance(told.get(k), str) and told[k] for k in ("id", "to", "text")):
        raise Refused(400, "id, to and text are strings, none of them empty")
    if not (told["to"].startswith("+") and told["to"][1:].isdigit()):
        raise Refused(422, "to is not a number in E.164 form")
    return Text("", told["id"], told["to"], told["text"])


async def _read(reader: asyncio.StreamReader) -> tuple[str, str, dict[str, str], bytes]:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.LimitOverrunError:
        raise Refused(431, "the request's head is too long") from None
    first, *lines = head.decode("latin-1").split("\r\n")
    if first.count(" ") != 2:
        raise Refused(400, "this is not an HTTP request")
    method, path, _ = first.split(" ")
    headers = {k.strip().lower(): v.strip() for k, _, v in (line.partition(":") for line in lines if line)}
    if "transfer-encoding" in headers:
        raise Refused(411, "say Content-Length")
    length = headers.get("content-length", "0")
    if not length.isdigit() or int(length) > LONGEST_BODY:
        raise Refused(413, "the body is too long")
    return method, path, headers, await reader.readexactly(int(length))


def _response(status: int, answer: dict[str, str], keep: bool) -> bytes:
    body = json.dumps(answer).encode()
    head = [
        f"HTTP/1.1 {status} -",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        f"Connection: {'keep-alive' if keep else 'close'}",
    ]
    return "\r\n".join([*head, "", ""]).encode() + body
