"""What a provider, or a mail that came back, says of a message after it was taken."""

from __future__ import annotations

from typing import Literal

import msgspec

from domain.messages import Medium

Came = Literal["delivered", "bounced", "failed"]
"""delivered: it is in the reader's mailbox or on his phone; bounced: it came back; failed: the provider gave up and says nothing of the
recipient."""


class Callback(msgspec.Struct, frozen=True, kw_only=True):
    """One delivery is meant: the one named by `delivery_id`, else the one that `provider` took as `provider_id`."""

    status: Came
    delivery_id: str | None = None
    """Only from a mark of our own, whose seal was checked."""
    provider: str | None = None
    """Name as receipts have it, e.g. `smsgw`. One provider can't speak of what another one took; None: any that sends on `channel`."""
    provider_id: str | None = None
    channel: Medium | None = None
    reason: str | None = None
    """Scrubbed of contacts."""
    dead: bool = False
    """The address itself is no good (there is no such mailbox or number), whatever is sent to it."""
