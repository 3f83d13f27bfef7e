"""How unusual a reading of one regular series is: a failure ratio, events a minute, a delay. Learned online, one pass.

Four views of each reading are ranked against those before it: the reading, its step from the last one, its smoothed level, and its
distance from what this hour of the day usually brings. A rank is a tail probability, counted among the last readings; beyond all of them it
goes on with the distance in units of the usual spread, since "higher than ever" alone doesn't say by how much. The logarithms of the four
add up. Of an anomaly that lasts, only its growth is told: a reading scores where it is the most unusual of the last ones.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right, insort
from collections import deque

from detectors.base import WARMING_UP, WarmingUp

WARM = 30
"""Readings before there is a score."""
REMEMBERED = 8_192
"""Readings that a new one is ranked against."""
QUIET = 200
"""Readings in which a score is told once, unless a higher one comes."""
LEVEL = 0.05
"""Weight of the newest reading in the smoothed level."""
HOUR = 0.02
"""Weight of the newest reading in what an hour usually brings."""
FARTHEST = 20.0
"""Spreads beyond all that was seen, at most."""
HALF = 6.0
"""Decimal digits of surprise, over all views, that score one half."""


class Tail:
    """Ranks values among the last `limit` of them, on either side."""

    def __init__(self, limit: int = REMEMBERED):
        self._limit = limit
        self._last: deque[float] = deque()
        self._sorted: list[float] = []

    def surprise(self, value: float) -> float:
        """-log10 of the share of values as extreme, plus the spreads beyond all of them; 0 is usual. Needs WARM values before."""
        known = self._sorted
        number = len(known)
        above, below = number - bisect_left(known, value), bisect_right(known, value)
        middle, beyond = known[number // 2], 0.0
        least = 1e-9 * (abs(middle) + 1.0)
        if above == 0:
            beyond = (value - known[-1]) / (known[int(number * 0.95)] - middle + least)
        elif below == 0:
            beyond = (known[0] - value) / (middle - known[int(number * 0.05)] + least)
        return min(beyond, FARTHEST) - math.log10((min(above, below) + 0.5) / (number + 1))

    def add(self, value: float) -> None:
        """Takes the value among those that others are ranked against."""
        insort(self._sorted, value)
        self._last.append(value)
        if len(self._last) > self._limit:
            del self._sorted[bisect_left(self._sorted, self._last.popleft())]


class Series:
    """Score, then learn, reading by reading in the order of time. About 50 us a reading, 0.5 MB when full."""

    def __init__(self, remembered: int = REMEMBERED, quiet: int = QUIET):
        self._tails = tuple(Tail(remembered) for _ in range(4))
        self._quiet = quiet
        self._read = 0
        self._before = self._level = self._overall = 0.0
        self._hours: dict[int, float] = {}
        self._peaks: deque[tuple[int, float]] = deque()
        """Number and surprise of the readings that are the highest of all after them."""

    def score_one(self, at: float, value: float) -> float | WarmingUp:
        """In [0, 1). `at`: seconds since the epoch; 0 where a reading in the last QUIET was as unusual."""
        if self._read < WARM:
            return WARMING_UP
        surprise = self._surprise(at, value)
        for number, before in self._peaks:
            if number > self._read - self._quiet:
                if before >= surprise:
                    return 0.0
                break  # peaks fall with time: the first that counts is the highest
        return surprise / (surprise + HALF)

    def learn_one(self, at: float, value: float) -> None:
        """Takes the reading."""
        if not self._read:
            self._before = self._level = self._overall = value
        if self._read >= WARM:
            surprise = self._surprise(at, value)
            while self._peaks and self._peaks[-1][1] <= surprise:
                self._peaks.pop()
            while self._peaks and self._peaks[0][0] <= self._read - self._quiet:
                self._peaks.popleft()
            self._peaks.append((self._read, surprise))
        for tail, view in zip(self._tails, self._views(at, value), strict=True):
            tail.add(view)
        hour = _hour(at)
        usual = self._hours.get(hour)
        self._hours[hour] = value if usual is None else usual + HOUR * (value - usual)
        self._overall += HOUR * (value - self._overall)
        self._level += LEVEL * (value - self._level)
        self._before = value
        self._read += 1

    def _views(self, at: float, value: float) -> tuple[float, float, float, float]:
        usual = self._hours.get(_hour(at), self._overall)
        return value, value - self._before, self._level + LEVEL * (value - self._level), value - usual

    def _surprise(self, at: float, value: float) -> float:
        return sum(tail.surprise(view) for tail, view in zip(self._tails, self._views(at, value), strict=True))


def _hour(at: float) -> int:
    return int(at // 3600) % 24
