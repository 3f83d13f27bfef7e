"""When this exchange began to be watched: while everything is new, novelty says nothing."""

from __future__ import annotations

from typing import Any


class Begun:
    """Event time of the first event asked about."""

    def __init__(self) -> None:
        self.at = 0.0

    def days(self, at: float) -> float:
        """Days watched at event time `at`; 0 before anything was seen."""
        return max(at - self.at, 0.0) / 86_400.0 if self.at else 0.0

    def count_one(self, at: float) -> None:
        """Notes an event."""
        if not self.at or at < self.at:
            self.at = at

    def export(self) -> float:
        """The time as a number."""
        return self.at

    def restore(self, data: Any) -> None:
        """Becomes the model that exported this. Raises ValueError or TypeError for anything else."""
        self.at = float(data)
