"""The mail catcher: an SMTP server that takes every mail and delivers none; the console shows what it caught."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import cached_property
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from embedded.spool import Spool

KEEP = 1000
LARGEST_MAIL = 4_000_000  # bytes


def folder(data_dir: Path) -> Path:
    """Where the embedded stack keeps its mails."""
    return data_dir / "mailbox"


@dataclass(frozen=True)
class Mail:
    """One caught mail. `raw` is the message as it came over the wire."""

    id: str
    raw: bytes

    @cached_property
    def message(self) -> EmailMessage:
        message: EmailMessage = message_from_bytes(self.raw, policy=policy.default)
        return message

    def header(self, name: str) -> str:
        """Decoded; empty when absent."""
        return str(self.message.get(name, ""))

    @property
    def recipient(self) -> str:
        return self.header("To")

    @property
    def subject(self) -> str:
        return self.header("Subject")

    @property
    def notice_id(self) -> str:
        return self.header("X-Vigil-Notice").strip()

    @property
    def locale(self) -> str:
        return self.header("Content-Language").strip()

    def part(self, kind: str) -> str:
        """The decoded text/<kind> part; empty when there is none."""
        for part in self.message.walk():
            if part.get_content_type() == f"text/{kind}":
                return str(part.get_content())
        return ""


class Mailbox:
    """Reads what the catcher of `folder` kept, in this process or another one."""

    def __init__(self, folder: Path, keep: int = KEEP):
        self.spool = Spool(folder, ".eml", keep)

    def list(self, limit: int = 100, to: str | None = None) -> list[Mail]:
        """The newest mails first, at most `limit`; with `to`, those to this address alone."""
        found: list[Mail] = []
        for name in self.spool.ids():
            if len(found) >= limit:
                break
            mail = self.get(name)
            if mail and (to is None or to.lower() in mail.recipient.lower()):
                found.append(mail)
        return found

    def get(self, mail_id: str) -> Mail | None:
        raw = self.spool.get(mail_id)
        return None if raw is None else Mail(mail_id, raw)


class MailCatcher:
    """`await start()`, `await stop()`; `url` is an Apprise URL that names no recipient. `heard` is told each mail as it comes."""

    def __init__(self, folder: Path, port: int = 0, keep: int = KEEP, heard: Callable[[Mail], None] | None = None):
        self.mailbox = Mailbox(folder, keep)
        self.port, self.heard = port, heard
        self.count = 0
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        return f"mailto://127.0.0.1:{self.port}/?from=alerts%40vigil.example&mode=insecure"

    async def start(self) -> None:
        self.mailbox.spool.open()

        def session() -> SMTP:
            return SMTP(self, enable_SMTPUTF8=True, hostname="localhost", ident="Vigil mail catcher", data_size_limit=LARGEST_MAIL)

        self._server = await asyncio.get_running_loop().create_server(session, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server:
            self._server.close()
            self._server = None

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 (aiosmtpd's name)
        content = envelope.content
        raw = content if isinstance(content, bytes) else str(content or "").encode()
        mail = Mail(self.mailbox.spool.add(raw), raw)
        self.count += 1
        if self.heard:
            self.heard(mail)
        return "250 2.0.0 caught"
