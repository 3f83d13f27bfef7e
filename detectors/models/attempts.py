"""How many attempts to sign in fail, exchange-wide, and how many usually do at this time of the week.

Passwords stolen elsewhere, tried by a botnet from thousands of addresses, once each: no address and no account shows it, the whole does.
Attempts are counted by five minutes. What is a day old becomes part of what is usual, and of a wave only so much as doubles it: an attack
must not teach that attacks are normal.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from detectors.models.season import SLOTS, slot

BIN = 300
WINDOW = 6
"""Bins that are now."""
_WAIT = 288
"""Bins until one is part of what is usual."""
_KEEP = 0.98
"""What is left of the old whenever a bin is taken into a slot."""
_LEAST = 200.0
_OF_ALL = 60.0
"""Attempts of its own that an hour needs to be worth as much as all hours together."""
_EXCESS = 2.0

Count = list[float]
"""[failed, all]."""


class Attempts:
    """Under 20 kB; a microsecond an attempt."""

    def __init__(self) -> None:
        self._bins: dict[int, Count] = {}
        self._newest = -(1 << 62)
        self._slots: list[Count] = [[0.0, 0.0] for _ in range(SLOTS)]

    def now(self, at: float) -> tuple[int, int]:
        """Failed and all attempts within the half hour up to `at`."""
        newest = int(at // BIN)
        found = [self._bins[n] for n in range(newest - WINDOW + 1, newest + 1) if n in self._bins]
        return int(sum(f for f, _ in found)), int(sum(n for _, n in found))

    def usual(self, at: float) -> float | None:
        """The share that fails at this hour, on such a day; None while too little was learned."""
        failed, every = (sum(values) for values in zip(*self._slots, strict=True))
        if every < _LEAST:
            return None
        mine = self._slots[slot(at)]
        share: float = (mine[0] + _OF_ALL * failed / every) / (mine[1] + _OF_ALL)
        return share

    def count(self, at: float, failed: bool) -> None:
        """Counts an attempt."""
        number = int(at // BIN)
        if number not in self._bins:
            self._newest = max(self._newest, number)
            if number + _WAIT <= self._newest:
                return  # a day late: it is over
            while self._bins and (old := next(iter(self._bins))) + _WAIT <= self._newest:  # they lie roughly in their order
                self._take(old, *self._bins.pop(old))
            self._bins[number] = [0.0, 0.0]
        counted = self._bins[number]
        counted[0] += failed
        counted[1] += 1

    def export(self) -> dict[str, Any]:
        """Plain counts."""
        return {"bins": self._bins, "slots": self._slots}

    def restore(self, data: Mapping[str, Any]) -> None:
        """Becomes the model that exported this. Raises ValueError, TypeError or KeyError for anything else; then nothing has changed."""
        bins = {int(n): [float(f), float(a)] for n, (f, a) in data["bins"].items()}
        slots = [[float(f), float(a)] for f, a in data["slots"]]
        if len(slots) != SLOTS or len(bins) > 2 * _WAIT or any(not 0 <= f <= a for f, a in [*slots, *bins.values()]):
            raise ValueError(f"expected {SLOTS} counts of attempts, and a day's by five minutes")
        self._bins, self._slots, self._newest = bins, slots, max(bins, default=-(1 << 62))

    def _take(self, number: int, failed: float, every: float) -> None:
        usual, mine = self.usual(number * BIN), self._slots[slot(number * BIN)]
        if usual is not None:
            failed = min(failed, _EXCESS * usual * every + 1.0)
        mine[0] = _KEEP * mine[0] + min(failed, every)
        mine[1] = _KEEP * mine[1] + every
