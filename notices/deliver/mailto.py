"""E-mail: Apprise's plugin for `mailto://` and `mailtos://` URLs, with a way of sending of our own.

Apprise's own way builds a TLS context and a connection for each mail, makes its own text part, and sends to the sender where no
recipient is named. Here the mail comes ready from composition and lacks its From alone, which is the URL's.
"""

from __future__ import annotations

import ssl
import threading
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formataddr
from typing import Any

from apprise.exception import AppriseImproperlyConfigured
from apprise.plugins.email.base import NotifyEmail

from domain.messages import Medium
from domain.ports import Rendered
from notices.deliver.outcome import Outcome
from notices.deliver.provider import Finish, Limits, ProviderError
from notices.deliver.smtp import LONGEST_SECONDS, Line, Server


class ReadyMail(NotifyEmail):
    """Apprise's URL handling, our sending. `from=` names the sender; recipients in the URL are an error."""

    request_rate_per_sec = 0

    def __init__(self, targets: Any = None, cc: Any = None, bcc: Any = None, **kwargs: Any):
        if targets or cc or bcc:
            raise AppriseImproperlyConfigured("an e-mail URL names no recipient: each notice has its own")
        super().__init__(targets=None, **kwargs)
        self.targets: list[Any] = []  # Apprise puts the sender here
        seconds = min(LONGEST_SECONDS, max(1.0, float(self.socket_connect_timeout)))
        self.server = Server(self.smtp_host, int(self.port), self.secure_mode, self.user, self.password, self.verify_certificate, seconds)
        self.context = None if self.secure_mode == "insecure" else _context(self.verify_certificate)
        self.heading = _from_header(self.from_addr[0] or "", self.from_addr[1])

    def send(self, *_: Any, **__: Any) -> bool:
        """Apprise's entry: nothing is sent by it, since it knows no recipient."""
        return False

    def line(self) -> Line:
        return Line(self.server, self.context)


class MailProvider:
    """An SMTP server; keeps a connection per thread."""

    medium: Medium = "email"

    def __init__(self, plugin: ReadyMail, name: str, limits: Limits, finish: Finish | None = None):
        self.plugin, self.name, self.limits, self.finish = plugin, name, limits, finish
        self._own = threading.local()

    def attempt(self, message: Rendered) -> Outcome:
        line: Line | None = getattr(self._own, "line", None)
        if line is None:
            line = self._own.line = self.plugin.line()
        mail = self.plugin.heading + message.payload
        return line.send(self.plugin.from_addr[1], message.recipient, self.finish(message, mail) if self.finish else mail)

    def probe(self) -> bool:
        line = self.plugin.line()
        answers = line.probe()
        line.close()
        return answers

    def close(self) -> None:
        line: Line | None = getattr(self._own, "line", None)
        if line is not None:
            line.close()


def _from_header(name: str, address: str) -> bytes:
    """`From: name <address>` and a line end, encoded and folded as RFC 2047 and 5322 ask."""
    if not address.isascii():
        local, _, domain = address.rpartition("@")
        address = f"{local}@{domain.encode('idna').decode()}"
        if not address.isascii():
            raise ProviderError("from= needs an address in ASCII")
    heading = EmailMessage(policy=SMTP)
    heading["From"] = formataddr((name, address)) if name else address
    return bytes(heading).split(b"\r\n\r\n")[0].rstrip(b"\r\n") + b"\r\n"


def _context(verify: bool) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
