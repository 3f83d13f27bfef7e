"""Habits of the subject: trade. How many trades there are in a window in which there are any."""

from __future__ import annotations

import msgspec

from domain.statistics import Moments

MAX_WINDOWS = 8


class Window(msgspec.Struct, array_like=True):
    """A stretch of time with trades in it."""

    number: int
    """Event time divided by the window's length."""
    counted: int = 0
    """Trades in it, normal or not."""
    learned: int = 0
    """Of those, found normal."""


class TradeHabits(msgspec.Struct, array_like=True):
    """Fields are appended with a default, never reordered. Times: event time, whole seconds since the epoch."""

    count: int = 0
    """Trades found normal."""
    first_at: int = 0
    windows: list[Window] = []
    """Those of the last day, which late trades may still belong to, and those with trades that wait for a verdict; in event time."""
    sizes: Moments = msgspec.field(default_factory=Moments)
    """Trades a window, over the windows that are over."""
    learned: int = 0
    """Windows in `sizes`, ever."""
    counted_at: float = 0.0
    """Event time of the trade counted last: one learned at another time was cleared, not just made."""

    def window(self, number: int) -> Window | None:
        """That window, while it is remembered."""
        for window in self.windows:
            if window.number == number:
                return window
        return None
