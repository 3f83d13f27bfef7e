"""What a user was told and what the exchange was asked, as far as policy needs it again.

Every collection is bounded by notices.policy. Times are event time in seconds since the epoch. Fields are only ever appended, with a
default.
"""

from __future__ import annotations

import msgspec


class Hold(msgspec.Struct, array_like=True):
    """A withdrawal that the exchange was asked to hold."""

    transfer_id: str
    until: float
    finding_ids: list[str] = []
    notice_id: str = ""


class Replaced(msgspec.Struct, array_like=True):
    """A contact that the account had until it was changed."""

    kind: str
    """`email` or `phone`."""
    value: str
    at: float


class PolicyState(msgspec.Struct, array_like=True):
    """Kept in the user's state; a few hundred bytes."""

    told: dict[int, tuple[float, int, int]] = {}
    """Hash of (detector, subject) -> (when, rank of the severity told, hash of the event)."""
    mails: list[float] = []
    """When e-mails at notice went out lately, ascending."""
    holds: list[Hold] = []
    asked: list[int] = []
    """Hashes of what the latest "not me" answers were about, so that each locks the account once."""
    replaced: list[Replaced] = []
    """Contacts replaced lately, oldest first: told too while it is grave, whether the directory remembers them or not."""
    threads: dict[int, tuple[float, float]] = {}
    """Hash of a thread that the user was told of -> (when, until when an unsent notice of it would still go out)."""
