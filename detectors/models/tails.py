"""How improbable the evidence of a feature is among all events of its kind: counted, not assumed.

A tail of the normal distribution is far too sure where amounts are heavy-tailed: the rent that is paid each month lies eight standard
deviations above the groceries. So what a feature says (nats under its own assumption) is only an order; its worth is how seldom as much is
said at all. Before much was counted, a quarter of the nats is believed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
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
        self.counts: dict[str, list[float]] = {}
        self.totals: dict[str, float] = {}

    def count(self, name: str, nats: float) -> None:
        """Takes what an event of the kind said (0 where it said nothing)."""
        counts = self.counts.get(name)
        if counts is None:
            counts = self.counts[name] = [0.0] * BINS
            self.totals[name] = 0.0
        self.totals[name] += 1.0
        counts[_bin(nats)] += 1.0
        if self.totals[name] >= HALVE:
            self.counts[name] = [n / 2.0 for n in counts]
            self.totals[name] /= 2.0

    def nats(self, name: str, nats: float) -> float:
        """What the evidence is worth."""
        as_much, total = STRENGTH * math.exp(-0.25 * nats), STRENGTH
        counts = self.counts.get(name)
        if counts is not None:
            as_much += sum(counts[_bin(nats) :])
            total += self.totals[name]
        return WEIGHT * worth(as_much / total) + SLOPE * nats

    def export(self) -> dict[str, Any]:
        """Plain counts."""
        return {name: [self.totals[name], {n: many for n, many in enumerate(counts) if many}] for name, counts in self.counts.items()}

    def restore(self, data: Mapping[str, Any]) -> None:
        """Becomes the model that exported these. Raises ValueError, TypeError, IndexError or KeyError for anything else."""
        counts, totals = {}, {}
        for name, (total, bins) in data.items():
            mine = counts[str(name)] = [0.0] * BINS
            for place, many in bins.items():
                mine[int(place)] = float(many)
            totals[str(name)] = float(total)
            if not math.isfinite(totals[str(name)]):
                raise ValueError("expected counts")
        self.counts, self.totals = counts, totals


def _bin(nats: float) -> int:
    return min(BINS - 1, int(nats / WIDTH)) if nats > 0.0 else 0
