"""`smsgw://TOKEN@host:port/path` (TLS: `smsgws://`): any SMS gateway that takes a JSON post.

POST path  {"id": notice id, "to": "+886...", "text": "..."}   Authorization: Bearer TOKEN
2xx {"id": "..."} is taken; 429 and 5xx are for later (Retry-After is kept to); other 4xx are refusals
"""

from __future__ import annotations

import http.client
import select
import ssl
import threading
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec
from apprise.exception import AppriseImproperlyConfigured
from apprise.plugins.base import NotifyBase

from domain.messages import Medium
from domain.ports import Rendered
from notices.deliver.outcome import Outcome, Refused, Sent, Unavailable, Unsure, scrub
from notices.deliver.provider import Limits

LONGEST_SECONDS = 15.0
LONGEST_ANSWER = 65_536


class SmsGateway(NotifyBase):
    """The plugin: what the URL says, and one post."""

    service_name = "SMS gateway"
    protocol = "smsgw"
    secure_protocol = "smsgws"
    request_rate_per_sec = 0
    title_maxlen = 0
    templates = ("{schema}://{token}@{host}:{port}{fullpath}",)

    def __init__(self, targets: Any = None, **kwargs: Any):
        super().__init__(**kwargs)
        if not self.user:
            raise AppriseImproperlyConfigured("an SMS gateway URL needs its token: smsgw://TOKEN@host:port/path")
        self.targets = list(targets or [])
        self.token = NotifyBase.unquote(self.user)
        self.path = kwargs.get("fullpath") or "/"
        self.context = ssl.create_default_context() if self.secure else None
        if self.context and not self.verify_certificate:
            self.context.check_hostname = False
            self.context.verify_mode = ssl.CERT_NONE

    @property
    def seconds(self) -> float:
        """Apprise's 4 s suit a web hook; a gateway may take longer to ask its network."""
        given = self.socket_read_timeout
        return LONGEST_SECONDS if given == NotifyBase.socket_read_timeout else min(LONGEST_SECONDS, max(1.0, float(given)))

    def send(self, body: str, title: str = "", **_: Any) -> bool:
        """Apprise's entry, for a URL that was given targets."""
        post = Post(self)
        try:
            return bool(self.targets) and all(isinstance(post.send("", to, body), Sent) for to in self.targets)
        finally:
            post.close()

    def url(self, privacy: bool = False, *_: Any, **__: Any) -> str:
        token = self.pprint(self.token, privacy, safe="")
        return f"{self.secure_protocol if self.secure else self.protocol}://{token}@{self.host}:{self.port}{self.path}"

    def connection(self, seconds: float) -> http.client.HTTPConnection:
        if self.secure:
            return http.client.HTTPSConnection(self.host, self.port or 443, timeout=seconds, context=self.context)
        return http.client.HTTPConnection(self.host, self.port or 80, timeout=seconds)


class Post:
    """A kept connection to the gateway; not thread safe."""

    def __init__(self, gateway: SmsGateway):
        self.gateway = gateway
        self._connection: http.client.HTTPConnection | None = None
        self._headers = {"Authorization": f"Bearer {gateway.token}", "Content-Type": "application/json", "Accept": "application/json"}

    def send(self, notice_id: str, to: str, text: str) -> Outcome:
        body = msgspec.json.encode({"id": notice_id, "to": to, "text": text})
        seconds = self.gateway.seconds
        deadline = time.monotonic() + seconds
        for again in (True, False):
            kept = self._connection is not None and not _closed(self._connection)
            try:
                status, headers, answer = self._post(body, seconds, deadline, kept)
                break
            except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
                self.close()
                if not (again and kept):  # a kept connection may be closed just then: once more on a new one, under the same id
                    return Unavailable("HTTP: the gateway closed the connection")
            except TimeoutError:
                self.close()
                return Unavailable(f"HTTP: no answer within {seconds:g} s")
            except (http.client.HTTPException, OSError) as error:
                self.close()
                return Unavailable(f"HTTP: {getattr(error, 'strerror', None) or type(error).__name__}")
        return judge(status, headers, answer, to)

    def _post(self, body: bytes, seconds: float, deadline: float, kept: bool) -> tuple[int, http.client.HTTPMessage, bytes]:
        if not kept:
            self.close()
            self._connection = self.gateway.connection(min(5.0, seconds))
            self._connection.connect()
        connection = self._connection
        assert connection is not None
        connection.sock.settimeout(max(0.05, deadline - time.monotonic()))
        connection.request("POST", self.gateway.path, body, self._headers)
        response = connection.getresponse()
        answer = response.read(LONGEST_ANSWER)
        if not response.isclosed() or response.will_close:
            self.close()
        return response.status, response.headers, answer

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def judge(status: int, headers: Any, answer: bytes, to: str) -> Outcome:
    """An answer of the gateway, as the generic gateway protocol reads it."""
    if 200 <= status < 300:
        try:
            told = msgspec.json.decode(answer)["id"]
        except (msgspec.MsgspecError, KeyError, TypeError):
            told = None
        if isinstance(told, str | int) and str(told):
            return Sent(str(told)[:200])
        return Unsure(f"HTTP {status} without the id of a text")
    reason = f"HTTP {status} {scrub(_error(answer), to)}".rstrip()
    if status == 429 or status >= 500:
        pause = retry_after(headers.get("Retry-After"), datetime.now(UTC))
        return Unavailable(reason, whole=status != 429, pause=pause)
    return Refused(reason) if status >= 400 else Unavailable(reason)


def retry_after(value: str | None, now: datetime) -> float:
    """Seconds or a date (RFC 9110 section 10.2.3); 0 where there is none or it can't be read."""
    if not value:
        return 0.0
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(value) - now).total_seconds())
    except (ValueError, TypeError):
        return 0.0


def _error(answer: bytes) -> str:
    """The gateway's words, where it sends some: `{"error": ...}`."""
    try:
        told = msgspec.json.decode(answer)
    except msgspec.MsgspecError:
        return ""
    return str(told.get("error", "")) if isinstance(told, dict) else ""


def _closed(connection: http.client.HTTPConnection) -> bool:
    return connection.sock is None or bool(select.select([connection.sock], [], [], 0)[0])


class SmsGatewayProvider:
    """The gateway as a way out; keeps a connection per thread."""

    medium: Medium = "sms"

    def __init__(self, plugin: SmsGateway, name: str, limits: Limits):
        self.plugin, self.name, self.limits = plugin, name, limits
        self._own = threading.local()

    def attempt(self, message: Rendered) -> Outcome:
        post: Post | None = getattr(self._own, "post", None)
        if post is None:
            post = self._own.post = Post(self.plugin)
        return post.send(message.notice_id, message.recipient, message.payload.decode())

    def probe(self) -> bool:
        return self.trouble() is None

    def trouble(self) -> OSError | None:
        """What connecting ends with; None where it answers."""
        connection = self.plugin.connection(3.0)
        try:
            connection.connect()
        except OSError as error:
            return error
        finally:
            connection.close()
        return None

    def close(self) -> None:
        post: Post | None = getattr(self._own, "post", None)
        if post is not None:
            post.close()
