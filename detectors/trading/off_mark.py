"""A fill at a price far worse than the mark.

The chance of one this bad by the account's own fills, and no less than the part of the market's last fills that came near it: in a market
that is thin or just falling, everyone trades off the mark. Score: 0.9 for one in a thousand.
"""

from __future__ import annotations

from detectors.base import NORMAL, WARMING_UP, Detector, Score, Sighting, WarmingUp
from detectors.gates import FILLS
from detectors.trading import read
from domain.events import Trade
from domain.habits import Habits
from domain.habits.trade import MAX_OFF_MARKS
from domain.messages import Reason
from domain.statistics import surprise


class OffMark(Detector):
    """Fills only: an order may be placed anywhere. Distances in basis points of the mark."""

    events = (Trade,)
    judges = counts = teaches = FILLS
    minimum_percent: float
    minimum_usd: float
    minimum_history: int

    def score_one(self, seen: Sighting, habits: Habits) -> Score | WarmingUp:
        event, before = seen.event, habits.trade.off_marks
        worse = event.worse
        if worse is None or worse * 100.0 < self.minimum_percent:
            return NORMAL
        lost = worse * (event.usd or 0.0)
        if event.usd_value is not None and lost < self.minimum_usd:
            return NORMAL
        if len(before) < self.minimum_history:
            return WARMING_UP
        points = read.basis_points(worse)
        chance = read.tail(before, points)
        if seen.cohort is not None:
            chance = max(chance, seen.cohort.markets.share_off(event.market[:64], points / 2.0))
        value, usual = surprise(chance), f"{before.quantile(0.95) / 100.0:.2f}"
        told = {
            "off_mark": f"{worse * 100.0:.1f}",
            "price": event.price[:64],
            "mark_price": event.mark_price[:64],
            "usd_value": (event.usd_value or "")[:64],
        }
        return Score(
            value=value,
            reasons=[Reason("off_mark", round(worse * 100.0, 2), usual, value)],
            subject=event.market[:64],
            facts=read.facts(seen) | {name: text for name, text in told.items() if text},
        )

    def count_one(self, seen: Sighting, habits: Habits) -> None:
        worse = seen.event.worse
        if worse is not None and seen.cohort is not None:
            seen.cohort.markets.traded(seen.event.market[:64], read.basis_points(worse), float(seen.event.mark_price), seen.event.at)

    def learn_one(self, seen: Sighting, habits: Habits) -> None:
        worse = seen.event.worse
        if worse is not None:
            habits.trade.off_marks.add(read.basis_points(worse), MAX_OFF_MARKS)
