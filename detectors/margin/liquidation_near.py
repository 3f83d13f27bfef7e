"""Liquidation is a matter of hours, should the price go on moving as much as it did today.

A price that moves by s (standard deviation of its logarithm) in a day reaches a level d away within (d / s)^2 days in one case of three
(reflection principle: 2 * (1 - Phi(1)) = 0.32). Score: horizon / (horizon + hours), one half at the horizon. Told once, and again after it
was twice as far.
"""

from __future__ import annotations

import math
from decimal import Decimal

from detectors.base import NORMAL, WARMING_UP, Detector, Score, Sighting, WarmingUp
from detectors.margin import read
from detectors.models.markets import HALF_LIFE, LEAST_SECONDS, STEP
from domain.events import Margin
from domain.events.margin import Position
from domain.habits import Habits
from domain.habits.margin import MAX_ACCOUNTS, Pace
from domain.messages import Reason
from domain.statistics import faded

_WILDEST = 3.0
"""Of the logarithm a day: the price twentyfold. Beyond that the prices are wrong."""


class LiquidationNear(Detector):
    """Needs the liquidation price and the mark price of a position. The pace is that of the market over all users of the partition, else
    that of the account's own readings."""

    events = (Margin,)
    horizon_hours: float
    target: float

    def score_one(self, seen: Sighting, habits: Habits) -> Score | WarmingUp:
        event: Margin = seen.event
        first = read.nearest(event.positions or [])
        away = None if first is None else read.distance(first)
        if first is None or away is None:
            return NORMAL
        pace = habits.margin.paces.get(read.account(event))
        if pace is not None and (pace.told or event.at * 1000 < pace.at):
            return NORMAL
        moves = _moves(first, pace, seen)
        if moves is None:
            return WARMING_UP
        hours = _hours(away, moves)
        value = self.horizon_hours / (self.horizon_hours + hours)
        if value < 0.05:
            return NORMAL
        said = max(1, int(hours))
        told = {
            "account": event.account[:128],
            "market": first.market[:64],
            "liquidation_price": (first.liquidation_price or "")[:64],
            "ratio": str(int(read.percent(event))),
            "hours": str(said),
            "moved_percent": f"{math.expm1(moves) * 100.0:.1f}",
            **read.relief(event, Decimal(str(self.target))),
        }
        usual = f"more than {self.horizon_hours:g}"
        return Score(
            value=value,
            reasons=[Reason("hours", said, usual, value)],
            subject=read.account(event),
            facts={name: text for name, text in told.items() if text},
        )

    def count_one(self, seen: Sighting, habits: Habits) -> None:
        event: Margin = seen.event
        if not event.positions:
            return
        if seen.cohort is not None:
            for position in event.positions[:16]:
                if float(position.mark_price or 0) > 0.0:
                    seen.cohort.markets.marked(position.market[:64], float(position.mark_price or 0), event.at)
        first = read.nearest(event.positions)
        away = None if first is None else read.distance(first)
        if first is None or away is None:
            return
        paces, account = habits.margin.paces, read.account(event)
        pace = paces.get(account)
        if pace is None:
            if len(paces) >= MAX_ACCOUNTS:
                del paces[min(paces, key=lambda name: paces[name].at)]
            pace = paces[account] = Pace(int(event.at * 1000))
        elif event.at * 1000 < pace.at:
            return
        moves = _moves(first, pace, seen)
        pace.at = int(event.at * 1000)
        if moves is not None:
            hours = _hours(away, moves)
            pace.told = hours <= self.horizon_hours * (2.0 if pace.told else 1.0)
        _follow(pace, first, event.at)


def _moves(first: Position, pace: Pace | None, seen: Sighting) -> float | None:
    """Standard deviation a day of the logarithm of the price; None where too little is known."""
    of_all = None if seen.cohort is None else seen.cohort.markets.volatility(first.market[:64])
    if of_all is not None:
        return min(float(of_all), _WILDEST)
    if pace is None or pace.market != first.market[:64] or pace.seconds < LEAST_SECONDS:
        return None
    return min(math.sqrt(pace.squares / pace.seconds * 86_400.0), _WILDEST)


def _hours(away: float, moves: float) -> float:
    """Hours within which the price goes that far in one case of three, at most a year."""
    return min(24.0 * (away / moves) ** 2, 8_760.0) if moves > 0.0 else 8_760.0


def _follow(pace: Pace, first: Position, at: float) -> None:
    """Takes the price into the account's own pace."""
    price, passed = float(first.mark_price or 0), at - pace.price_at
    if not pace.price or pace.market != first.market[:64]:
        pace.market, pace.squares, pace.seconds = first.market[:64], 0.0, 0.0
    elif passed < STEP:
        return
    else:
        kept, move = faded(passed, HALF_LIFE), math.log(price / pace.price)
        pace.squares, pace.seconds = pace.squares * kept + move * move, pace.seconds * kept + passed
    pace.price, pace.price_at = price, int(at)
