"""Habits of the subject: margin."""

from __future__ import annotations

import msgspec


class MarginHabits(msgspec.Struct, array_like=True):
    """Fields are appended with a default, never reordered."""

    count: int = 0
