"""Habits of the subject: login."""

from __future__ import annotations

import msgspec


class LoginHabits(msgspec.Struct, array_like=True):
    """Fields are appended with a default, never reordered."""

    count: int = 0
