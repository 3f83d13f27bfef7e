"""How many are usual at a time of the week: a count seen at moments of its own, by hour and by working day or weekend.

What is learned is the count at each event that asks, so the usual is what such an event is met with, not an average over empty hours. A
day passes before an hour is taken for usual: a wave that swells slowly must not teach that waves are normal while it does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from domain.statistics import Moments, faded

SLOTS = 48
"""Hours of the day (UTC), on working days and at weekends."""
_HALF_LIFE = 28 * 86_400.0
_HOUR = 3_600.0
_WAIT = 24
"""Hours before an hour is taken in."""
_LEAST = 50.0
"""Events taken in before anything is said."""
_OF_ALL = 5.0
"""Events of its own that an hour needs to be worth as much as all hours together."""


class Season:
    """A few microseconds; 3 kB."""

    def __init__(self) -> None:
        self._all = Moments()
        self._slots = [Moments() for _ in range(SLOTS)]
        self._waiting: dict[int, Moments] = {}
        """Hours since the epoch -> the counts in them, unfaded."""

    def usual(self, at: float) -> tuple[float, float] | None:
        """Mean and variance (not below that of Poisson) of the count at event time `at`; None while too little was learned."""
        whole, mine = self._all, self._slots[slot(at)]
        if whole.weight < _LEAST:
            return None
        own = mine.weight / (mine.weight + _OF_ALL)
        mean = own * mine.mean + (1.0 - own) * whole.mean
        variance = own * (mine.variance + (mine.mean - mean) ** 2) + (1.0 - own) * (whole.variance + (whole.mean - mean) ** 2)
        return max(mean, 1e-3), max(variance, mean)

    def learn_one(self, at: float, count: float) -> None:
        """Takes a count that was found normal."""
        hour = int(at // _HOUR)
        group = self._waiting.get(hour)
        if group is None:
            newest = max(self._waiting, default=hour)
            for old in [h for h in self._waiting if h + _WAIT <= max(newest, hour)]:
                done = self._waiting.pop(old)
                for taking in (self._all, self._slots[slot(old * _HOUR)]):
                    _merge(taking, done, old * _HOUR)
            if hour + _WAIT <= newest:
                return  # a day late: it is over
            group = self._waiting[hour] = Moments()
        group.add(count, hour * _HOUR, _HALF_LIFE)

    def export(self) -> dict[str, Any]:
        """Weight, mean, squares and time: of all, of each slot, and of each hour that waits."""
        return {"usual": [_row(m) for m in (self._all, *self._slots)], "waiting": [[h, *_row(m)] for h, m in self._waiting.items()]}

    def restore(self, data: Any) -> None:
        """Becomes the model that exported these. Raises ValueError, TypeError or KeyError for anything else."""
        kept = [_moments(row) for row in data["usual"]]
        waiting = {int(hour): _moments(row) for hour, *row in data["waiting"]}
        if len(kept) != SLOTS + 1 or len(waiting) > 2 * _WAIT:
            raise ValueError(f"expected {SLOTS + 1} rows, and a day's that wait")
        self._all, *self._slots = kept
        self._waiting = waiting


def slot(at: float) -> int:
    """0 to 47: hour of the day, the weekend's after those of working days. 1 January 1970 was a Thursday."""
    day, seconds = divmod(at, 86_400.0)
    return int(seconds // _HOUR) + (24 if int(day + 3) % 7 >= 5 else 0)


def _merge(into: Moments, group: Moments, at: float) -> None:
    """Adds a group of values (Chan, Golub and LeVeque 1979)."""
    if at >= into.at or not into.weight:
        kept = faded(at - into.at, _HALF_LIFE) if into.weight else 1.0
        into.weight *= kept
        into.squares *= kept
        into.at = at
    total, apart = into.weight + group.weight, group.mean - into.mean
    into.squares += group.squares + apart * apart * into.weight * group.weight / total
    into.mean += apart * group.weight / total
    into.weight = total


def _row(moments: Moments) -> list[float]:
    return [moments.weight, moments.mean, moments.squares, moments.at]


def _moments(row: Sequence[float]) -> Moments:
    weight, mean, squares, at = map(float, row)
    if not (weight >= 0.0 and squares >= 0.0):
        raise ValueError("expected weights and squares of at least 0")
    return Moments(weight, mean, squares, at)
