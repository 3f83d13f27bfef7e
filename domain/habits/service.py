"""Habits of the subject: service. What the user waits for, and what the exchange refused lately."""

from __future__ import annotations

import msgspec

MAX_REFUSALS = 8


class Refusals(msgspec.Struct, array_like=True):
    """Refusals of the exchange for one cause, within a window."""

    subject: str
    cause: str
    since: int
    """Event time of the first in the window, whole seconds."""
    last_at: int
    count: int = 1


class ServiceHabits(msgspec.Struct, array_like=True):
    """Fields are appended with a default, never reordered. Times: event time, whole seconds since the epoch."""

    refusals: list[Refusals] = []
    kyc_since: int = 0
    """Since when an identity check is under way; 0: none is."""

    def refused(self, subject: str, cause: str) -> Refusals | None:
        """What was refused for that cause lately."""
        for known in self.refusals:
            if known.cause == cause and known.subject == subject:
                return known
        return None
