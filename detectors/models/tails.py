"""How improbable the evidence of a feature is among all events of its kind: counted, not assumed.

A tail of the normal distribution is far too sure where amounts are heavy-tailed: the rent that is paid each month lies eight standard
deviations above the groceries. So what a feature says (nats under its own assumption) is only an order; its worth is how seldom as much is
said at all. Before much was counted, a quarter of the nats is believed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import accumulate, pairwise
from typing import Any

from detectors.models.rates import HALVE, worth

BINS, WIDTH = 160, 0.25
STRENGTH = 30.0
"""How many events the assumption is worth."""
WEIGHT = 2.0
"""Of the worth: the bound that it comes from is a cautious one."""
SLOPE = 0.02
"""Of the nats themselves, so that what falls into one bin keeps its order."""


class Tails:
    """Counts by name of the evidence; frauds are among them, and few."""

    def __init__(self) -> None:
        self.reached: dict[str, list[float]] = {}
        """By name: of each bin, how many events said as much or more. Most say little, and are counted in few."""

    def count(self, name: str, nats: float) -> None:
        """Takes what an event of the kind said (0 where it said nothing)."""
        reached = self.reached.get(name)
        if reached is None:
            reached = self.reached[name] = [0.0] * BINS
        for place in range(_bin(nats) + 1):
            reached[place] += 1.0
        if reached[0] >= HALVE:
            self.reached[name] = [n / 2.0 for n in reached]

    def nats(self, name: str, nats: float) -> float:
        """What the evidence is worth."""
        as_much, total = STRENGTH * math.exp(-0.25 * nats), STRENGTH
        reached = self.reached.get(name)
        if reached is not None:
            as_much += reached[_bin(nats)]
            total += reached[0]
        return WEIGHT * worth(as_much / total) + SLOPE * nats

    def export(self) -> dict[str, Any]:
        """Plain counts."""
        told = {}
        for name, reached in self.reached.items():
            counts = (many - more for many, more in pairwise((*reached, 0.0)))
            told[name] = [reached[0], {n: many for n, many in enumerate(counts) if many}]
        return told

    def restore(self, data: Mapping[str, Any]) -> None:
        """Becomes the model that exported these. Raises ValueError, TypeError, IndexError or KeyError for anything else."""
        reached = {}
        for name, (total, bins) in data.items():
            counts = [0.0] * BINS
            for place, many in bins.items():
                counts[int(place)] = float(many)
            reached[str(name)] = list(accumulate(reversed(counts)))[::-1]
            if not math.isfinite(total + reached[str(name)][0]):
                raise ValueError("expected counts")
        self.reached = reached


def _bin(nats: float) -> int:
    return min(BINS - 1, int(nats / WIDTH)) if nats > 0.0 else 0
