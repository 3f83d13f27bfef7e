"""Watches models at work: whether what they see drifts, and whether a challenger would do better.

Drift: ADWIN (Bifet and Gavalda, SDM 2007; river.drift.ADWIN) over each feature's place on its grid, and over the score; of one row in ten.
The challenger learns the same truths more slowly; both are asked before they learn, so that neither is measured on what it knows. It is
measured, not promoted: that is for people to decide.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from typing import Any
from zlib import crc32

from detectors.models.learner import GENUINE_KEPT, Record
from detectors.models.linear import RATE
from detectors.models.supervised import Supervised, restored

SLOWER = 0.25
"""The challenger's rate of learning, of the champion's."""
MEMORY = 2_000.0
"""Truths over which losses are averaged; older ones fade."""
SURE = 1e-4
"""ADWIN's delta: the chance of an alarm where nothing changes."""


class Loss:
    """A mean of log losses that fades."""

    def __init__(self) -> None:
        self.weight = self.total = 0.0

    def add(self, logit: float, fraud: bool, weight: float) -> None:
        """What the truth cost, in nats."""
        signed = min(max(-logit if fraud else logit, -35.0), 35.0)
        fade = math.exp(-weight / MEMORY)
        self.weight = self.weight * fade + weight
        self.total = self.total * fade + weight * math.log1p(math.exp(signed))

    @property
    def mean(self) -> float:
        """Nats a truth; 0 before the first."""
        return self.total / self.weight if self.weight else 0.0


class Watch:
    """`models`: the champions by family, as the learner has them."""

    def __init__(self, models: Mapping[str, Supervised]):
        from river.drift import ADWIN  # a second of imports, for the trainer only

        self._new: Any = ADWIN
        self._models = models
        self.challengers: dict[str, Supervised] = {}
        self.losses: dict[tuple[str, str], Loss] = {}
        """By family and `champion` or `challenger`."""
        self.drifts: Counter[tuple[str, str]] = Counter()
        """Changes found, by family and feature; `score` is the model's."""
        self._detectors: dict[tuple[str, str], Any] = {}

    def row(self, record: Record) -> None:
        """Looks at what an event was like."""
        model = self._models.get(record.family)
        if model is None or len(record.row) != len(model.family.names) or crc32(record.event_id.encode()[::-1]) % 10:
            return
        for grid, value in zip(model.family.grids, record.row, strict=True):
            if value == value:
                self._look(record.family, grid.name, grid.place(value))
        self._look(record.family, "score", 1.0 / (1.0 + math.exp(-min(max(model.logit(record.row, record.rules), -35.0), 35.0))))

    def truth(self, record: Record, fraud: bool) -> None:
        """Measures champion and challenger on a truth that the champion is about to learn, and teaches the challenger."""
        champion = self._models.get(record.family)
        if champion is None or len(record.row) != len(champion.family.names):
            return
        challenger = self.challengers.get(record.family)
        if challenger is None:
            challenger = self.challengers[record.family] = restored(champion.export())
            challenger.model.rate = RATE * SLOWER
        weight = 1.0 if fraud else float(GENUINE_KEPT)
        for name, model in (("champion", champion), ("challenger", challenger)):
            self.losses.setdefault((record.family, name), Loss()).add(model.logit(record.row, record.rules), fraud, weight)
        challenger.learn(record.row, record.rules, fraud, weight)

    def _look(self, family: str, feature: str, value: float) -> None:
        detector = self._detectors.get((family, feature))
        if detector is None:
            detector = self._detectors[family, feature] = self._new(delta=SURE)
        detector.update(value)
        if detector.drift_detected:
            self.drifts[family, feature] += 1
