"""Small statistics that live in a profile: a few dozen bytes each, updated one value at a time.

All of them take event time and none assumes that it grows: a value that comes late gets the weight that it would have by now, so that the
order of arrival doesn't matter (but for rounding). Rates fade with a half-life given by the caller, in seconds, and kept out of the state.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from functools import lru_cache

import msgspec

from domain.digest import digest

_LN2 = math.log(2.0)


def faded(seconds: float, half_life: float) -> float:
    """What is left of weight 1 after `seconds` (>= 0): in (0, 1]."""
    return math.exp(-_LN2 * seconds / half_life) if seconds > 0.0 else 1.0


class Decayed(msgspec.Struct, array_like=True):
    """A count that fades: the sum of weights, each halved every half-life."""

    total: int | float = 0
    at: int | float = 0
    """Event time of the newest value; `total` is as of then. Nothing counted yet is two bytes: most are that for long."""

    def add(self, at: float, half_life: float, weight: float = 1.0) -> None:
        """Counts `weight` at event time `at`."""
        if at >= self.at or not self.total:
            self.total = self.total * faded(at - self.at, half_life) + weight
            self.at = at
        else:
            self.total += weight * faded(self.at - at, half_life)

    def now(self, at: float, half_life: float) -> float:
        """The count as of `at`; one before the newest value is answered as of the newest."""
        return self.total * faded(at - self.at, half_life)


class Moments(msgspec.Struct, array_like=True):
    """Mean and variance with fading weights (West 1979, doi:10.1145/359146.359153)."""

    weight: float = 0.0
    mean: float = 0.0
    squares: float = 0.0
    """Weighted sum of squared distances from the mean."""
    at: float = 0.0

    def add(self, value: float, at: float, half_life: float) -> None:
        """Takes a finite value seen at event time `at`."""
        weight = 1.0
        if at >= self.at or not self.weight:
            kept = faded(at - self.at, half_life)
            self.weight *= kept
            self.squares *= kept
            self.at = at
        else:
            weight = faded(self.at - at, half_life)
        self.weight += weight
        distance = value - self.mean
        self.mean += distance * weight / self.weight
        self.squares += weight * distance * (value - self.mean)

    @property
    def variance(self) -> float:
        """Weighted variance of what was seen (not of a population); 0 before the first value."""
        return max(self.squares, 0.0) / self.weight if self.weight else 0.0


class Sample(msgspec.Struct, array_like=True):
    """The last values of a positive quantity on a log scale, a byte each: quantiles to within 4.5 %, whatever the distribution.

    Steps are eighths of a doubling: byte b stands for 2 ** (b / 8), so that 1 to 3.9e9 can be told apart. Chosen over P2 (Jain and Chlamtac
    1985), which needs five markers a quantile, never forgets, and drifts on repeated values, of which payments have many.
    """

    steps: bytes = b""
    """Oldest first."""

    def add(self, value: float, size: int) -> None:
        """Takes a value (below 1 counts as 1), keeping the last `size`."""
        self.steps = (self.steps + bytes((to_step(value),)))[-size:]

    def __len__(self) -> int:
        return len(self.steps)

    def log_quantile(self, q: float) -> float:
        """Natural logarithm of the q-quantile, q in [0, 1], interpolated between neighbours. Raises ValueError on an empty sample."""
        if not self.steps:
            raise ValueError("no values yet")
        ordered = _ordered(self.steps)
        place = q * (len(ordered) - 1)
        low = int(place)
        high = min(low + 1, len(ordered) - 1)
        return (ordered[low] + (ordered[high] - ordered[low]) * (place - low)) * _LN2 / 8.0

    def quantile(self, q: float) -> float:
        """The q-quantile, in the unit of the values."""
        return math.exp(self.log_quantile(q))

    def share_from(self, value: float) -> float:
        """Part of the values that are at least `value`, of one more than there are: what a next one is at least to be expected with."""
        step = to_step(value)
        return (len(self.steps) - bisect_left(_ordered(self.steps), step)) / (len(self.steps) + 1)

    def log_spread(self) -> float:
        """Half the distance between the 16 % and 84 % quantiles of the logarithms: the standard deviation where they are normal, and deaf
        to single outliers where they aren't."""
        return (self.log_quantile(0.84) - self.log_quantile(0.16)) / 2.0


@lru_cache(maxsize=4_096)
def _ordered(steps: bytes) -> bytes:
    return bytes(sorted(steps))  # one score asks for four quantiles


def to_step(value: float) -> int:
    """Byte of a value: eighths of doublings above 1, at most 255."""
    return min(255, round(8.0 * math.log2(value))) if value > 1.0 else 0


class Keys(msgspec.Struct, array_like=True):
    """A bounded set of long names, eight bytes each, that forgets the one not seen for longest."""

    packed: bytes = b""
    """Fingerprints, the longest unseen first."""

    def __contains__(self, name: str) -> bool:
        return bool(self.packed) and self._find(_packed(name)) >= 0

    def __len__(self) -> int:
        return len(self.packed) // 8

    def add(self, name: str, limit: int) -> None:
        """Takes the name, or marks it as just seen; the oldest beyond `limit` are forgotten."""
        key = _packed(name)
        place = self._find(key)
        rest = self.packed if place < 0 else self.packed[:place] + self.packed[place + 8 :]
        self.packed = (rest + key)[-8 * limit :]

    def discard(self, name: str) -> None:
        """Forgets the name."""
        place = self._find(_packed(name))
        if place >= 0:
            self.packed = self.packed[:place] + self.packed[place + 8 :]

    def _find(self, key: bytes) -> int:
        place = self.packed.find(key)
        while place >= 0 and place % 8:  # the tail of one key and the head of the next may spell another
            place = self.packed.find(key, place + 1)
        return place


def _packed(name: str) -> bytes:
    return _remembered(name) if len(name) <= 128 else _remembered.__wrapped__(name)


@lru_cache(maxsize=8_192)  # a name is looked up, then added, by several who ask
def _remembered(name: str) -> bytes:
    return digest(name)


def student_tail(t: float, freedom: float) -> float:
    """P(T > t) of Student's t; relative error below 8 % for freedom >= 5 and p > 1e-3 (Wallace 1959, doi:10.1214/aoms/1177706093)."""
    if t <= 0.0:
        return 1.0 - student_tail(-t, freedom) if t < 0.0 else 0.5
    z = (8.0 * freedom + 1.0) / (8.0 * freedom + 3.0) * math.sqrt(freedom * math.log1p(t * t / freedom))
    return 0.5 * math.erfc(z / math.sqrt(2.0))


def count_tail(count: float, mean: float, variance: float) -> float:
    """An upper bound (Chernoff) of P(N >= count), N negative binomial with this mean (> 0) and variance; Poisson where variance <= mean."""
    if count <= mean:
        return 1.0
    if variance <= mean * 1.000001:
        return math.exp(min(0.0, count - mean - count * math.log(count / mean)))
    size = mean * mean / (variance - mean)
    rate = count * math.log(count * (size + mean) / (mean * (count + size))) - size * math.log((count + size) / (mean + size))
    return math.exp(-max(rate, 0.0))


def surprise(probability: float) -> float:
    """A score in [0, 1) for a tail probability: 0.9 for one in a thousand, 0.99 for one in a million."""
    return 1.0 - math.cbrt(min(max(probability, 0.0), 1.0))
