"""Habits of the subject: spending. How much leaves at a time, as moments, and how odd the last days were: what models of risk ask.

Apart from domain.habits.transfer, whose samples and payees the detectors ask.
"""

from __future__ import annotations

import math

import msgspec

from domain.statistics import Decayed, faded

HALF_LIFE = 45 * 86_400.0
"""Seconds in which what was spent counts half."""
WARM, LUKEWARM = 2 * 86_400.0, 7 * 86_400.0
"""Half-lives of the memory of odd amounts: an attack of days is told from one odd payment."""


class SpendingHabits(msgspec.Struct, array_like=True):
    """Fields are appended with a default, never reordered. Means and variances fade together (West 1979, doi:10.1145/359146.359153)."""

    weight: float = 0.0
    mean: float = 0.0
    """Of USD values."""
    squares: float = 0.0
    """Weighted sum of squared distances from the mean."""
    log_mean: float = 0.0
    log_squares: float = 0.0
    """The same of the natural logarithms of USD values of at least 1."""
    at: float = 0.0
    """Event time of the newest; the weights are as of then."""
    count: int = 0
    """Transfers out in it, ever."""
    heat: Decayed = msgspec.field(default_factory=Decayed)
    """How improbable the amounts of the last days were, normal or not: nats beyond what is common."""
    embers: Decayed = msgspec.field(default_factory=Decayed)
    """The same over weeks."""
    last_at: int = 0
    """Of the newest transfer out, normal or not."""

    def learn(self, usd: float, at: float) -> None:
        """Takes a USD value that was found normal, seen at event time `at`; one that comes late weighs less."""
        weight = 1.0
        if at >= self.at or not self.weight:
            kept = faded(at - self.at, HALF_LIFE)
            self.weight *= kept
            self.squares *= kept
            self.log_squares *= kept
            self.at = at
        else:
            weight = faded(self.at - at, HALF_LIFE)
        self.weight += weight
        part = weight / self.weight
        distance = usd - self.mean
        self.mean += distance * part
        self.squares += weight * distance * (usd - self.mean)
        log = math.log(max(usd, 1.0))
        distance = log - self.log_mean
        self.log_mean += distance * part
        self.log_squares += weight * distance * (log - self.log_mean)
        self.count += 1
