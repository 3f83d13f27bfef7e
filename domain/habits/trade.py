"""Habits of the subject: trade."""

from __future__ import annotations

import msgspec


class TradeHabits(msgspec.Struct, array_like=True):
    """Fields are appended with a default, never reordered."""

    count: int = 0
