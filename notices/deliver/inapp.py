"""`inapp://`: the user's inbox in the exchange's app, which is written, not sent. The store behind it is given from outside."""

from __future__ import annotations

from typing import Any, Protocol

import msgspec
from apprise.exception import AppriseImproperlyConfigured
from apprise.plugins.base import NotifyBase

from domain.messages import Medium
from domain.ports import Rendered
from notices.deliver.outcome import Delivered, Outcome, Unavailable
from notices.deliver.provider import Limits


class Inbox(Protocol):
    """Where in-app notices are kept. Putting the same notice twice leaves one."""

    def put(self, user_id: str, item: bytes) -> None:
        """`item`: JSON as composition made it. Raises when the store can't be reached."""
        ...

    def ping(self) -> None:
        """Raises when the store can't be reached."""
        ...


class InAppPlugin(NotifyBase):
    """The plugin: `inapp://` takes no host and no options."""

    service_name = "In-app inbox"
    protocol = "inapp"
    request_rate_per_sec = 0
    title_maxlen = 0
    templates = ("{schema}://",)

    def __init__(self, inbox: Inbox | None = None, targets: Any = None, **kwargs: Any):
        super().__init__(**kwargs)
        if inbox is None:
            raise AppriseImproperlyConfigured("inapp:// needs an inbox to write to")
        self.inbox, self.targets = inbox, list(targets or [])

    def send(self, body: str, title: str = "", **_: Any) -> bool:
        """Apprise's entry: `body` is the item as JSON."""
        for user_id in self.targets:
            self.inbox.put(user_id, body.encode())
        return bool(self.targets)

    def url(self, *_: Any, **__: Any) -> str:
        return "inapp://"


def item(message: Rendered) -> bytes:
    """The inbox item: what was composed, under the notice's id."""
    fields = msgspec.json.decode(message.payload, type=dict[str, msgspec.Raw])
    return msgspec.json.encode({"notice_id": message.notice_id, **fields})


class InAppProvider:
    """The inbox as a way out."""

    medium: Medium = "inapp"

    def __init__(self, plugin: InAppPlugin, name: str = "inapp", limits: Limits | None = None):
        self.plugin, self.name, self.limits = plugin, name, limits or Limits(connections=2)

    def attempt(self, message: Rendered) -> Outcome:
        try:
            self.plugin.inbox.put(message.recipient, item(message))
        except Exception as error:  # whatever the store's client raises: the item waits for it
            return Unavailable(f"inbox: {type(error).__name__}")
        return Delivered(message.notice_id)

    def probe(self) -> bool:
        try:
            self.plugin.inbox.ping()
        except Exception:
            return False
        return True

    def close(self) -> None: ...
