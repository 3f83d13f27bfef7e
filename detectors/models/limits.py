"""Limits that people stay below, seen in how amounts bunch: many right below a round amount, hardly any right above.

As tax thresholds are seen in reported incomes (Saez 2010, doi:10.1257/pol.2.3.180; Kleven 2016): people who gain by staying below a
limit pile up below it. Exactly round amounts say nothing, they are common anyway.
"""

from __future__ import annotations

import math
from typing import Any

BAND = 0.95
"""From here to the limit is right below; as far above it is right above."""
_ROUND = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0)
_LEAST, _MOST = 500.0, 2_000_000.0
_MANY = 20.0
_TIMES = 4.0
_KEPT = 4_000.0


class Limits:
    """Amounts in USD. Two numbers for each of some thirty round amounts."""

    def __init__(self) -> None:
        self._below: dict[float, float] = {}
        self._above: dict[float, float] = {}
        self._learned = 0.0
        self.levels: tuple[float, ...] = ()
        """The limits found, in rising order."""

    def learn_one(self, usd: float) -> None:
        """Takes the amount of a withdrawal that was found normal."""
        if not _LEAST * BAND <= usd <= _MOST:
            return
        self._learned += 1.0
        below, above = _neighbours(usd)
        if usd < above and usd >= BAND * above:
            self._below[above] = self._below.get(above, 0.0) + 1.0
        if below < usd <= below / BAND:
            self._above[below] = self._above.get(below, 0.0) + 1.0
        if self._learned >= _KEPT:  # habits change: the older half counts half
            self._learned /= 2.0
            for counts in (self._below, self._above):
                for level in counts:
                    counts[level] /= 2.0
        self.levels = tuple(sorted(at for at, n in self._below.items() if n >= _MANY and n >= _TIMES * (self._above.get(at, 0.0) + 1.0)))

    def export(self) -> dict[str, Any]:
        """The counts as plain data."""
        return {"below": list(self._below.items()), "above": list(self._above.items()), "learned": self._learned}

    def restore(self, data: Any) -> None:
        """Becomes the model that exported these. Raises ValueError, TypeError or KeyError for anything else."""
        below, above = ({float(level): float(n) for level, n in data[side]} for side in ("below", "above"))
        if len(below) > 200 or len(above) > 200:
            raise ValueError("expected counts of round amounts")
        self._below, self._above, self._learned = below, above, float(data["learned"])
        self.levels = tuple(sorted(at for at, n in below.items() if n >= _MANY and n >= _TIMES * (above.get(at, 0.0) + 1.0)))


def _neighbours(usd: float) -> tuple[float, float]:
    """The nearest round amounts: the one not above, and the one above."""
    decade = 10.0 ** math.floor(math.log10(usd))
    below = max((step * decade for step in _ROUND if step * decade <= usd), default=decade)
    above = min((step * decade for step in (*_ROUND, 10.0) if step * decade > usd), default=10.0 * decade)
    return below, above
