"""The other providers that Apprise knows (Twilio, SNS, Vonage, SendGrid ...), through its own plugins.

Such a plugin says yes or no. Why it said no it only logs, as `error=<HTTP status>`; that is read here, so that a number that is refused
isn't tried for a day, and nothing that Apprise logs (contacts among it) goes any further.
"""

from __future__ import annotations

import logging
import re
import sys
import threading
from email import message_from_bytes, policy
from typing import Any

import msgspec

from domain.messages import Medium
from domain.ports import Rendered
from notices.deliver.outcome import Outcome, Refused, Sent, Unavailable
from notices.deliver.provider import Limits

_STATUS = re.compile(r"error=\s*(\d{3})\b")


class _Listener(logging.Handler):
    """Keeps what this thread's plugin logs, for as long as somebody listens."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self._own = threading.local()

    def emit(self, record: logging.LogRecord) -> None:
        heard: list[str] | None = getattr(self._own, "heard", None)
        if heard is not None:
            heard.append(record.getMessage())

    def listen(self) -> list[str]:
        heard: list[str] = []
        self._own.heard = heard
        return heard


LISTENER = _Listener()


def hush() -> None:
    """Apprise's log names recipients and URLs: it ends here."""
    log = logging.getLogger("apprise")
    log.propagate = False
    log.setLevel(logging.INFO)
    if LISTENER not in log.handlers:
        log.handlers[:] = [LISTENER]


class _Requests:
    """`requests` as a plugin uses it, with an ear on the answer: Apprise doesn't tell under which id a message was taken."""

    def __init__(self, real: Any):
        self.real = real
        self._own = threading.local()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    def post(self, *args: Any, **more: Any) -> Any:
        answer = self.real.post(*args, **more)
        self._own.answer = answer.content if answer.ok else b""
        return answer

    def begin(self) -> None:
        self._own.answer = b""

    def id_of(self, field: str) -> str | None:
        """The field of the last answer in this thread; None where it has none."""
        try:
            told = msgspec.json.decode(self._own.answer)[field]
        except (msgspec.MsgspecError, KeyError, TypeError):
            return None
        return str(told)[:200] if isinstance(told, str | int) and told else None


OURS_TO_MEND = frozenset({401, 402, 403, 407, 408})
"""Credentials, an unpaid bill, a right, a proxy, the time it took: they say nothing of the recipient, so another provider may take it."""
ID_FIELDS = {"twilio": "sid"}
"""Schemes whose callbacks speak of a message by an id, and where it stands in the answer to the post."""


def _listening(plugin: type[Any]) -> _Requests:
    """The plugin's `requests`, heard from now on."""
    module = sys.modules[plugin.__module__]
    found = module.requests
    if not isinstance(found, _Requests):
        found = module.requests = _Requests(found)  # type: ignore[attr-defined]
    return found


class ForeignProvider:
    """A plugin of Apprise's own; an instance for each recipient, made from the parsed URL (19 us)."""

    def __init__(self, plugin: type[Any], parsed: dict[str, Any], medium: Medium, name: str, limits: Limits):
        self.plugin, self.parsed, self.medium, self.name, self.limits = plugin, parsed, medium, name, limits
        self._id_field = ID_FIELDS.get(name.partition("-")[0], "")
        self._heard = _listening(plugin) if self._id_field else None

    def attempt(self, message: Rendered) -> Outcome:
        heard = LISTENER.listen()
        if self._heard:
            self._heard.begin()
        try:
            one = self.plugin(**{**self.parsed, "targets": [message.recipient]})
            one.request_rate_per_sec = 0  # Apprise's throttle isn't thread safe; ours is the sender's
            taken = one.notify(**self._words(message))
        except Exception as error:  # a plugin may raise whatever its library does
            return Unavailable(f"{self.name}: {type(error).__name__}")
        outcome = judge(self.name, taken, heard)
        return Sent(self._heard.id_of(self._id_field)) if self._heard and isinstance(outcome, Sent) else outcome

    def _words(self, message: Rendered) -> dict[str, Any]:
        if message.channel != "email":
            return {"body": message.payload.decode(), "body_format": "text"}
        mail = message_from_bytes(message.payload, policy=policy.default)
        body: Any = mail.get_body(("html", "plain"))
        return {"title": message.subject, "body": body.get_content(), "body_format": body.get_content_subtype().replace("plain", "text")}

    def probe(self) -> bool:
        """A web service can't be asked without being used: say yes, the next message finds out."""
        return True

    def close(self) -> None: ...


def judge(name: str, taken: bool, heard: list[str]) -> Outcome:
    """What yes, or no and the plugin's log lines, mean."""
    if taken:
        return Sent(None)
    statuses = [int(found.group(1)) for line in heard if (found := _STATUS.search(line))]
    if not statuses:
        return Unavailable(f"{name}: no answer")
    status = statuses[-1]
    reason = f"{name}: HTTP {status}"
    if 400 <= status < 500 and status != 429 and status not in OURS_TO_MEND:
        return Refused(reason)
    return Unavailable(reason, whole=status != 429)
