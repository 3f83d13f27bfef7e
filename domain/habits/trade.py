"""Habits of the subject: trade. How many trades a window has that has any; how large, in what, at which price, with whom."""

from __future__ import annotations

import msgspec

from domain.statistics import Decayed, Keys, Moments, Sample

MAX_WINDOWS = 8
MAX_SIZES = 64
MAX_VOLUMES = 48
MAX_LEVERAGES = 32
MAX_OFF_MARKS = 32
MAX_MARKETS = 48
MAX_COUNTERPARTIES = 6


class Window(msgspec.Struct, array_like=True):
    """A stretch of time with trades in it."""

    number: int
    """Event time divided by the window's length."""
    counted: int = 0
    """Trades in it, normal or not."""
    learned: int = 0
    """Of those, found normal."""


class Hour(msgspec.Struct, array_like=True):
    """What was traded within one hour."""

    number: int
    """Event time divided by 3,600."""
    usd: float = 0.0
    learned: float = 0.0
    """Of that, what was found normal."""


class Counterparty(msgspec.Struct, array_like=True):
    """Someone to whom the account gave away money against the mark."""

    key: int
    """fingerprint() of the user id."""
    since: int
    """Event time of the first loss in the window, whole seconds."""
    last_at: int
    lost: float = 0.0
    """USD below what the mark price would have brought."""
    losing: int = 0
    """Trades that lost it."""
    usd: float = 0.0
    """USD value of all trades with it."""


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

    orders: Sample = msgspec.field(default_factory=Sample)
    """USD values of orders found normal."""
    fills: Sample = msgspec.field(default_factory=Sample)
    """USD values of fills found normal."""
    peak: float = 0.0
    """Largest USD value found normal, fading."""
    peak_at: int = 0
    hours: list[Hour] = []
    """The newest hours with trades, in event time."""
    volumes: Sample = msgspec.field(default_factory=Sample)
    """USD an hour, over the hours that had trades and are over."""
    markets: Keys = msgspec.field(default_factory=Keys)
    new_markets: Decayed = msgspec.field(default_factory=Decayed)
    """Markets traded for the first time, fading."""
    leverages: Sample = msgspec.field(default_factory=Sample)
    """Leverage of the trades found normal; where none is told, 1."""
    off_marks: Sample = msgspec.field(default_factory=Sample)
    """Basis points by which fills were worse than the mark, of those that were."""
    counterparties: list[Counterparty] = []
    """To whom something was lost lately, normal or not."""
    lost: Decayed = msgspec.field(default_factory=Decayed)
    """USD lost against the mark to anyone lately, fading."""

    def counterparty(self, key: int) -> Counterparty | None:
        """What was lost to that one, while it is remembered."""
        for known in self.counterparties:
            if known.key == key:
                return known
        return None

    def window(self, number: int) -> Window | None:
        """That window, while it is remembered."""
        for window in self.windows:
            if window.number == number:
                return window
        return None
