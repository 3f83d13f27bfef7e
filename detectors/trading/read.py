"""What the trading detectors read from a trade."""

from __future__ import annotations

import math

from detectors.base import Sighting
from domain.events import Trade
from domain.statistics import Sample, student_tail

_PRIOR_SPREAD = 0.8
"""People's own sizes vary by a factor of two or so; counts as _PRIOR_COUNT trades of theirs."""
_PRIOR_COUNT = 4.0
_LEAST_SPREAD = 0.5
"""Who always trades the same size may still trade half as much again."""


def basis_points(part: float) -> float:
    """Of a part; what was no worse than the mark counts as none."""
    return max(part, 0.0) * 1e4


def tail(sample: Sample, value: float, least_spread: float = _LEAST_SPREAD) -> float:
    """Chance of a value this large or larger, if it is like those of a sample (not empty): Student's t on logarithms, with a spread that is
    deaf to outliers; but never less than the part of them that came near it (half as large)."""
    count = float(len(sample))
    spread = max(math.sqrt((_PRIOR_COUNT * _PRIOR_SPREAD**2 + count * sample.log_spread() ** 2) / (_PRIOR_COUNT + count)), least_spread)
    distance = (math.log(max(value, 1.0)) - sample.log_quantile(0.5)) / (spread * math.sqrt(1.0 + 1.0 / count))
    return max(student_tail(distance, count + _PRIOR_COUNT - 1.0), sample.share_from(value / 2.0) - 1.0 / (count + 1.0), 0.0)


def largest(sample: Sample) -> float:
    """The largest value of a sample; 0 where it is empty."""
    return 2.0 ** (max(sample.steps) / 8.0) if sample.steps else 0.0


def facts(seen: Sighting) -> dict[str, str]:
    """Facts of every trade finding."""
    event: Trade = seen.event
    return {name: value[:64] for name, value in (("market", event.market), ("side", event.side)) if value}
