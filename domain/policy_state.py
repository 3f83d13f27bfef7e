"""What a user was told and what the exchange was asked, as far as policy needs it again."""

from __future__ import annotations

import msgspec


class PolicyState(msgspec.Struct, array_like=True):
    """Bounded; times are event time, seconds since the epoch."""

    told: dict[str, tuple[float, int]] = {}
    """`detector|subject` -> (when, rank of the severity told)."""
    mails: list[float] = []
    """When e-mails at notice went out in the last hour."""
    holds: list[tuple[str, float, list[str]]] = []
    """Transfers asked to be held: (transfer_id, expiry, finding ids)."""
