"""One SMTP connection, kept: greeted once, used for many mails, renewed when the server closed it while idle.

smtplib does the greeting, STARTTLS and AUTH; the conversation about one mail is ours, because the reply to each step means something
else: RFC 5321 section 4.2.1 and 4.3.2. All steps of one mail share one deadline, where smtplib gives each its own.
"""

from __future__ import annotations

import re
import select
import smtplib
import socket
import ssl
import time
from collections.abc import Sequence
from typing import NamedTuple

from notices.deliver.outcome import Outcome, Refused, Sent, Unavailable, is_dead, scrub, status_of

CONNECT_SECONDS = 5.0
LONGEST_SECONDS = 15.0
BEFORE_DATA_SECONDS = 10.0  # a server may think long about a mail, but not about an address
_TAKEN_AS = re.compile(r"queued as\s+([\w.+/=-]{4,80})|^ok\s+([0-9a-f]{16}-[0-9a-f-]{36}-\d{6})$", re.IGNORECASE)
"""The second is Amazon SES."""
_BARE_LINE_END = re.compile(rb"\r\n|\r|\n")
_MAILBOX = re.compile(r"[^\s<>@\x00-\x1f\x7f]{1,64}@[^\s<>@\x00-\x1f\x7f]{1,255}")
_GO_ON = {250, 251, 354}
_OURS_TO_MEND = {530, 534, 535, 538}  # authentication or encryption wanted: says nothing of the recipient


class Server(NamedTuple):
    """Where and how to connect. `security`: insecure, starttls or ssl."""

    host: str
    port: int
    security: str
    user: str | None
    password: str | None
    verify: bool
    seconds: float = LONGEST_SECONDS


class Line:
    """A connection to `server`; not thread safe, one a thread."""

    def __init__(self, server: Server, context: ssl.SSLContext | None):
        self.server, self.context = server, context
        self._smtp: smtplib.SMTP | None = None

    def send(self, sender: str, recipient: str, message: bytes) -> Outcome:
        """Hands over one RFC 5322 message for one recipient."""
        if not _MAILBOX.fullmatch(recipient):
            return Refused("not an e-mail address")
        began = time.monotonic()
        deadline = began + self.server.seconds
        early = min(deadline, began + BEFORE_DATA_SECONDS)
        try:
            fresh = self._ready(early)
            outcome = self._converse(sender, recipient, message, early, deadline)
            if outcome is None and not fresh:  # closed between the look and the first word: nothing was said, so say it anew
                self.close()
                self._ready(early)
                outcome = self._converse(sender, recipient, message, early, deadline)
        except (TimeoutError, smtplib.SMTPException, OSError) as error:
            self.close(polite=False)
            late = isinstance(error, TimeoutError) or time.monotonic() >= early  # smtplib tells a timeout as a disconnection
            return Unavailable(f"SMTP: no answer within {time.monotonic() - began:.0f} s" if late else _in_words(error, recipient))
        return outcome or Unavailable("SMTP: the server closed the connection")

    def probe(self, seconds: float = 3.0) -> bool:
        """Does the server greet, and take the log-in?"""
        return self.trouble(seconds) is None

    def trouble(self, seconds: float = 3.0) -> Exception | None:
        """What a greeting and the log-in end with; None where all is well."""
        try:
            self._ready(time.monotonic() + seconds)
        except (TimeoutError, smtplib.SMTPException, OSError) as error:
            self.close(polite=False)
            return error
        return None

    def close(self, polite: bool = True) -> None:
        smtp, self._smtp = self._smtp, None
        if smtp is None:
            return
        try:
            if polite and smtp.sock is not None:
                smtp.sock.settimeout(1.0)
                smtp.quit()
        except (smtplib.SMTPException, OSError):
            pass
        finally:
            smtp.close()

    def _ready(self, deadline: float) -> bool:
        """Connects where need be; True when the connection is new."""
        if self._smtp is not None:
            if not _spoke_unasked(self._smtp.sock):
                return False
            self.close(polite=False)
        here, server = _own_name(), self.server
        seconds = max(0.05, min(CONNECT_SECONDS, deadline - time.monotonic()))
        smtp = (
            smtplib.SMTP_SSL(local_hostname=here, timeout=seconds, context=self.context)
            if server.security == "ssl"
            else smtplib.SMTP(local_hostname=here, timeout=seconds)
        )
        self._smtp = smtp
        # smtplib checks the certificate against this name; connect() alone doesn't set it.
        smtp._host = server.host  # type: ignore[attr-defined]
        _expect(smtp.connect(server.host, server.port), 220)
        assert smtp.sock is not None
        smtp.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._patience(deadline)
        smtp.ehlo_or_helo_if_needed()
        if server.security == "starttls":
            smtp.starttls(context=self.context)
            smtp.ehlo()
        if server.user and server.password:
            self._patience(deadline)
            smtp.login(server.user, server.password)
        return True

    def _converse(self, sender: str, recipient: str, message: bytes, early: float, deadline: float) -> Outcome | None:
        """The four steps; None when the server was gone at the first of them."""
        smtp = self._smtp
        assert smtp is not None
        to, options = recipient, ""
        if not recipient.isascii():
            local, _, domain = recipient.rpartition("@")
            to = f"{local}@{_idna(domain)}"
            if not to.isascii():
                if not smtp.has_extn("smtputf8"):
                    return Unavailable("SMTP: the server takes no addresses beyond ASCII", whole=False)
                options = " SMTPUTF8"
        if (not message.isascii() or options) and smtp.has_extn("8bitmime"):
            options = " BODY=8BITMIME" + options
        smtp.command_encoding = "utf-8" if "SMTPUTF8" in options else "ascii"
        steps = (f"MAIL FROM:<{sender}>{options}", f"RCPT TO:<{to}>", "DATA")
        ask = self._all_at_once if smtp.has_extn("pipelining") else self._one_by_one
        replies: list[tuple[int, bytes]] = []
        try:
            ask(steps, replies, early)
        except (smtplib.SMTPServerDisconnected, ConnectionError):
            if replies or time.monotonic() >= early:
                raise
            return None
        code, said = replies[0]
        if code == 421:
            return None
        if code != 250:
            self._reset(early)
            return Unavailable(_reply(code, said, recipient))
        code, said = replies[1]
        if code not in (250, 251):
            return self._turned_down(code, said, recipient, early)
        code, said = replies[2]
        if code != 354:
            return self._turned_down(code, said, recipient, early)
        smtp.send(on_the_wire(message))
        self._patience(deadline)
        code, said = smtp.getreply()
        if code == 250:
            taken = _TAKEN_AS.search(said.decode("utf-8", "replace").strip())
            return Sent(taken.group(taken.lastindex or 1) if taken else None)
        return self._turned_down(code, said, recipient, deadline)

    def _one_by_one(self, steps: Sequence[str], replies: list[tuple[int, bytes]], deadline: float) -> None:
        """The replies up to the first that isn't a yes."""
        assert self._smtp is not None
        for step in steps:
            self._patience(deadline)
            replies.append(self._smtp.docmd(step))
            if replies[-1][0] not in _GO_ON:
                break

    def _all_at_once(self, steps: Sequence[str], replies: list[tuple[int, bytes]], deadline: float) -> None:
        """One round trip for all steps (RFC 2920). A server that would take a text for nobody gets an empty one."""
        smtp = self._smtp
        assert smtp is not None
        self._patience(deadline)
        smtp.send("".join(f"{step}\r\n" for step in steps))
        for _ in steps:
            replies.append(smtp.getreply())
            if replies[-1][0] == 421:
                return
        if replies[-1][0] == 354 and any(code not in _GO_ON for code, _ in replies):
            self._patience(deadline)
            smtp.send(b".\r\n")
            smtp.getreply()

    def _turned_down(self, code: int, said: bytes, recipient: str, deadline: float) -> Outcome:
        reason = _reply(code, said, recipient)
        if code == 421:
            self.close(polite=False)
            return Unavailable(reason)
        self._reset(deadline)
        if code in _OURS_TO_MEND:
            return Unavailable(reason)
        if 500 <= code < 600:
            return Refused(reason, dead=is_dead(status_of(reason)))
        return Unavailable(reason, whole=False)

    def _reset(self, deadline: float) -> None:
        """Back to the start of a mail; where that fails the connection is given up."""
        try:
            self._patience(deadline)
            assert self._smtp is not None
            if self._smtp.docmd("RSET")[0] == 250:
                return
        except (smtplib.SMTPException, OSError):
            pass
        self.close(polite=False)

    def _patience(self, deadline: float) -> None:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        assert self._smtp is not None
        if self._smtp.sock is not None:
            self._smtp.sock.settimeout(left)


def on_the_wire(message: bytes) -> bytes:
    """CRLF line ends, leading dots doubled, and the dot that ends it."""
    if message.count(b"\n") != message.count(b"\r\n") or message.count(b"\r") != message.count(b"\r\n"):
        message = _BARE_LINE_END.sub(b"\r\n", message)
    message = message.replace(b"\n.", b"\n..")
    if message.startswith(b"."):
        message = b"." + message
    return message + (b".\r\n" if message.endswith(b"\r\n") else b"\r\n.\r\n")


def _spoke_unasked(sock: socket.socket | None) -> bool:
    """An idle connection that is readable has been closed, or holds a 421 goodbye."""
    return sock is None or bool(select.select([sock], [], [], 0)[0])


def _expect(reply: tuple[int, bytes], code: int) -> None:
    if reply[0] != code:
        raise smtplib.SMTPConnectError(reply[0], reply[1])


def _own_name() -> str:
    """For EHLO. smtplib would ask DNS for it, which can take seconds."""
    name = socket.gethostname()
    return name if re.fullmatch(r"[A-Za-z0-9.-]{1,63}", name) else "localhost"


def _idna(domain: str) -> str:
    try:
        return domain.encode("idna").decode()
    except UnicodeError:
        return domain


def _reply(code: int, said: bytes, recipient: str) -> str:
    return f"SMTP {code} {scrub(said.decode('utf-8', 'replace'), recipient)}".rstrip()


def _in_words(error: Exception, recipient: str) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        said = error.smtp_error if isinstance(error.smtp_error, bytes) else str(error.smtp_error).encode()
        return _reply(error.smtp_code, said, recipient)
    if isinstance(error, smtplib.SMTPException):
        return f"SMTP: {type(error).__name__.removeprefix('SMTP')}"
    return f"SMTP: {error.strerror or type(error).__name__}" if isinstance(error, OSError) else "SMTP: failed"
