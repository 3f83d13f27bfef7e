"""Habits of the subject: margin. Nothing is normal here; how far each account's owner has been warned."""

from __future__ import annotations

import msgspec

MAX_ACCOUNTS = 16


class Level(msgspec.Struct, array_like=True):
    """A margin account."""

    at: int
    """Event time of the newest reading, milliseconds since the epoch."""
    ratio: float
    """Maintenance margin / equity, percent."""
    band: int
    """How many bands have been told since it recovered; 0: none."""


class MarginHabits(msgspec.Struct, array_like=True):
    """Fields are appended with a default, never reordered."""

    count: int = 0
    """Readings."""
    accounts: dict[str, Level] = {}
