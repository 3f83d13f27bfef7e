"""Habits of the subject: account. Nothing is normal here; what was changed lately."""

from __future__ import annotations

import msgspec

MAX_CHANGES = 12
KEPT = 7 * 86_400


class Changed(msgspec.Struct, array_like=True):
    """A setting that was changed."""

    at: int
    change: str
    """domain.events.account_change.Change."""
    known: bool
    """From a device and a network of the account's."""
    weakens: bool
    """It took a protection away: for a key, that it may withdraw from anywhere."""


class AccountHabits(msgspec.Struct, array_like=True):
    """Fields are appended with a default, never reordered. Times: event time, whole seconds since the epoch."""

    changes: list[Changed] = []
    """Of the last week, normal or not, in event time."""

    def note(self, changed: Changed) -> None:
        """Remembers a change; those older than a week, and the oldest beyond the bound, are forgotten."""
        changes = sorted([*self.changes, changed], key=lambda c: c.at)
        self.changes = [c for c in changes if changes[-1].at - c.at <= KEPT][-MAX_CHANGES:]
