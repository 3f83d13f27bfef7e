"""Habits of the subject: transfer."""

from __future__ import annotations

import msgspec


class TransferHabits(msgspec.Struct, array_like=True):
    """Fields are appended with a default, never reordered."""

    count: int = 0
