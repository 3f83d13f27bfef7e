"""Watches models at work: whether what they see drifts. Which of two does better: detectors.models.contest.

ADWIN (Bifet and Gavalda, SDM 2007; river.drift.ADWIN) over each feature's place on its grid, and over the score; of one row in ten.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from typing import Any
from zlib import crc32

from detectors.models.learner import Record
from detectors.models.supervised import Supervised

SURE = 1e-4
"""ADWIN's delta: the chance of an alarm where nothing changes."""


class Watch:
    """`models`: those in effect by family, as the learner has them."""

    def __init__(self, models: Mapping[str, Supervised]):
        from river.drift import ADWIN  # a second of imports, for the trainer only

        self._new: Any = ADWIN
        self._models = models
        self.drifts: Counter[tuple[str, str]] = Counter()
        """Changes found, by family and feature; `score` is the model's."""
        self.drifted_at: dict[tuple[str, str], float] = {}
        """Event time of the last one."""
        self._detectors: dict[tuple[str, str], Any] = {}

    def row(self, record: Record) -> None:
        """Looks at what an event was like."""
        model = self._models.get(record.family)
        if model is None or len(record.row) != len(model.family.names) or crc32(record.event_id.encode()[::-1]) % 10:
            return
        for grid, value in zip(model.family.grids, record.row, strict=True):
            if value == value:
                self._look(record, grid.name, grid.place(value))
        self._look(record, "score", 1.0 / (1.0 + math.exp(-min(max(model.logit(record.row, record.rules), -35.0), 35.0))))

    def _look(self, record: Record, feature: str, value: float) -> None:
        place = record.family, feature
        detector = self._detectors.get(place)
        if detector is None:
            detector = self._detectors[place] = self._new(delta=SURE)
        detector.update(value)
        if detector.drift_detected:
            self.drifts[place] += 1
            self.drifted_at[place] = record.at

    def export(self) -> list[Any]:
        """The changes found; what is looked at begins anew with each start."""
        return [[family, feature, many, self.drifted_at[family, feature]] for (family, feature), many in self.drifts.items()]

    def restore(self, data: Any) -> None:
        """Goes on counting from there. Raises ValueError or TypeError for anything else."""
        for family, feature, many, at in data:
            self.drifts[str(family), str(feature)] = int(many)
            self.drifted_at[str(family), str(feature)] = float(at)
