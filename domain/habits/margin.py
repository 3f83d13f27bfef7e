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


class Pace(msgspec.Struct, array_like=True):
    """How the price of the position that is liquidated first moves, by the account's own readings."""

    at: int
    """Event time of the newest reading, milliseconds since the epoch."""
    told: bool = False
    """That liquidation is near was told, and it isn't far again."""
    market: str = ""
    price: float = 0.0
    price_at: int = 0
    """Whole seconds."""
    squares: float = 0.0
    """Sum of squared logarithmic moves, fading."""
    seconds: float = 0.0
    """Over which they were, fading alike."""


class MarginHabits(msgspec.Struct, array_like=True):
    """Fields are appended with a default, never reordered."""

    count: int = 0
    """Readings."""
    accounts: dict[str, Level] = {}
    paces: dict[str, Pace] = {}
    """By account."""
