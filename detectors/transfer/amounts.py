"""How an amount, or several together, stand against those before."""

from __future__ import annotations

import math

from domain.events import Transfer
from domain.habits import Habits
from domain.habits.login import fingerprint
from domain.statistics import Sample, student_tail, to_step

_PRIOR_SPREAD = 0.8
"""People's own amounts vary by a factor of two or so; counts as _PRIOR_COUNT of theirs."""
_PRIOR_COUNT = 4.0
_LEAST_SPREAD = 0.5
_NEAR = 1.5


def tail(usd: float, sample: Sample) -> float:
    """Chance of as much or more if it is like the sample (not empty): Student's t on logarithms, and never less than the part of the sample
    that came near it."""
    count = float(len(sample))
    spread = max(math.sqrt((_PRIOR_COUNT * _PRIOR_SPREAD**2 + count * sample.log_spread() ** 2) / (_PRIOR_COUNT + count)), _LEAST_SPREAD)
    distance = (math.log(max(usd, 1e-9)) - sample.log_quantile(0.5)) / (spread * math.sqrt(1.0 + 1.0 / count))
    return max(student_tail(distance, count + _PRIOR_COUNT - 1.0), sample.share_from(usd / _NEAR))


def between(low: float, high: float, sample: Sample, besides: int = 0) -> float:
    """Chance of an amount in [low, high], by the sample as far as there is one; as fine as the sample's steps. `besides`: so many of
    those in it are left out, they are what is asked about."""
    first, last = to_step(low), to_step(high)
    inside = sum(first <= step <= last for step in sample.steps)
    besides = min(besides, inside)
    return (inside - besides + 0.5) / (len(sample) - besides + 5.0)


def not_below(usd: float, sample: Sample) -> float:
    """Part of the sample that is as large or larger, in (0, 1]; one half where there is none."""
    count = len(sample)
    return (sample.share_from(usd) * (count + 1) + 0.5) / (count + 1.0)


def arrived(habits: Habits, at: float, seconds: float) -> tuple[float, float]:
    """Deposits of the `seconds` up to `at`: USD, and event time of the first."""
    total, first = 0.0, at
    for known in habits.payout.arrivals:
        if at - seconds < known.at <= at:
            total += known.usd
            first = min(first, float(known.at))
    return total, first


def sent(event: Transfer, habits: Habits, since: float) -> float:
    """USD that left from `since` on up to and with this transfer."""
    key, at = fingerprint(event.transfer_id), event.at
    return (event.usd or 0.0) + sum(f.usd for f in habits.transfer.flows if since <= f.at <= at and not f.undone and f.key != key)
