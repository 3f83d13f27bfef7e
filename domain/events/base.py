"""What every input has in common: identifiers, time, money, and where an action came from."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from domain.once import once

# No control characters: ids go into SQL text, log lines and header fields. The lookahead closes Python's "$ also matches before \n".
ID_PATTERN = r"^[^\x00-\x1f\x7f]+$(?!\n)"
MONEY_PATTERN = r"^[0-9]{1,40}(\.[0-9]{1,40})?$(?!\n)"

Id = Annotated[str, Meta(min_length=1, max_length=128, pattern=ID_PATTERN)]
"""1-128 characters."""
Text = Annotated[str, Meta(max_length=65536)]
LongText = Annotated[str, Meta(max_length=65536)]
Money = Annotated[str, Meta(pattern=MONEY_PATTERN)]
"""A finite, plain, non-negative decimal string. Never a float."""
Instant = Annotated[datetime, Meta(tz=True)]
"""RFC 3339 with offset."""

Channel = Literal["web", "ios", "android", "desktop", "api"]


class Client(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """From where an action came; each field optional."""

    session_id: Text | None = None
    ip: Text | None = None
    device_id: Text | None = None
    user_agent: Text | None = None
    channel: Channel | None = None
    api_key_id: Text | None = None


NO_CLIENT = Client()


class Input(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", dict=True):
    """The fields that every input but `users` has. Dozens of detectors read the same: what has to be worked out is, `once`."""

    event_id: Id
    user_id: Id
    occurred_at: Instant
    client: Client | None = None

    @once
    def at(self) -> float:
        """Event time in seconds since the epoch."""
        return self.occurred_at.timestamp()

    @once
    def where(self) -> Client:
        """The client, never None."""
        return self.client or NO_CLIENT

    @once
    def in_session(self) -> bool:
        """Whether a session is told."""
        return bool(self.client and self.client.session_id)

    @once
    def keyed(self) -> bool:
        """Whether it came with an API key."""
        return bool(self.client and self.client.api_key_id)


def money(text: str | None) -> Decimal | None:
    """Exact value of a validated money string; None stays None."""
    return None if text is None else Decimal(text)


def approximate(text: str | None) -> float | None:
    """Money as a float, for statistics only, never for what a person reads."""
    return None if text is None else float(text)
