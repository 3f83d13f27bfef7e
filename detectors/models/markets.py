"""What markets are like just now, over all users of a partition: how far from the mark fills are, and how much the price moves."""

from __future__ import annotations

import math
from collections import OrderedDict
from typing import Any

import msgspec

from domain.statistics import Sample, faded

MARKETS = 256
FILLS = 64
STEP = 300.0
"""Seconds between two prices that are compared: within less, the price jumps between bid and ask more than it moves."""
HALF_LIFE = 86_400.0
LEAST_SECONDS = 3_600.0
_LEAST_FILLS = 8


class Market(msgspec.Struct, array_like=True):
    """One market."""

    off: Sample = msgspec.field(default_factory=Sample)
    """Basis points by which its last fills were worse than the mark."""
    price: float = 0.0
    at: float = 0.0
    squares: float = 0.0
    """Sum of squared logarithmic moves, fading."""
    seconds: float = 0.0
    """Over which they were, fading alike."""


class Markets:
    """Bounded: the market not traded for longest makes room."""

    def __init__(self) -> None:
        self._markets: OrderedDict[str, Market] = OrderedDict()

    def traded(self, name: str, points: float, mark: float, at: float) -> None:
        """A fill, `points` (basis points, at least 0) worse than the mark price (above 0), at event time `at`."""
        self._of(name).off.add(points, FILLS)
        self.marked(name, mark, at)

    def marked(self, name: str, mark: float, at: float) -> None:
        """The mark price (above 0) at event time `at`; what is older than the newest is no news."""
        market = self._of(name)
        passed = at - market.at
        if market.price and passed < STEP:
            return
        if market.price:
            kept, move = faded(passed, HALF_LIFE), math.log(mark / market.price)
            market.squares, market.seconds = market.squares * kept + move * move, market.seconds * kept + passed
        market.price, market.at = mark, at

    def share_off(self, name: str, points: float) -> float:
        """Part of the market's last fills that were at least so many basis points worse than the mark; 0 while there are few."""
        market = self._markets.get(name)
        if market is None or len(market.off) < _LEAST_FILLS:
            return 0.0
        return max(market.off.share_from(points) - 1.0 / (len(market.off) + 1.0), 0.0)

    def volatility(self, name: str) -> float | None:
        """Standard deviation of the price over a day (of its logarithm), at the pace of the last day; None where too little is known."""
        market = self._markets.get(name)
        if market is None or market.seconds < LEAST_SECONDS:
            return None
        return math.sqrt(market.squares / market.seconds * 86_400.0)

    def export(self) -> Any:
        """Plain data: at most 25 kB."""
        return [[name, msgspec.to_builtins(market, builtin_types=(bytes,))] for name, market in self._markets.items()]

    def restore(self, data: Any) -> None:
        """Becomes the model that exported this. Raises ValueError for data of another make."""
        self._markets = OrderedDict((str(name), msgspec.convert(market, Market)) for name, market in list(data)[-MARKETS:])

    def _of(self, name: str) -> Market:
        market = self._markets.get(name)
        if market is None:
            market = self._markets[name] = Market()
            if len(self._markets) > MARKETS:
                self._markets.popitem(last=False)
        else:
            self._markets.move_to_end(name)
        return market
